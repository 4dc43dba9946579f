"""Which well-known table of variants a table is, told by the names of its columns."""

import re
from collections.abc import Iterable

_VERSION = re.compile(r"^#+\s*version[\s:=]+([\w.-]*\d[\w.-]*)", re.MULTILINE | re.IGNORECASE)


def folded(name: str) -> str:
    """A column's name as it is compared: `Start_position`, `START POSITION` and `startPosition` are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def is_maf(names: Iterable[str]) -> bool:
    """Whether the columns are those of the Mutation Annotation Format: a place, and an allele or a sample of a tumour."""
    found = set(map(folded, names))
    if not {"chromosome", "startposition"} <= found:
        return False
    return bool({"tumorseqallele1", "tumorseqallele2"} & found) or {"hugosymbol", "tumorsamplebarcode"} <= found


def is_clinvar_summary(names: Iterable[str]) -> bool:
    """Whether the columns are those of ClinVar's variant_summary.txt."""
    return {"name", "rcvaccession", "variationid", "positionvcf"} <= set(map(folded, names))


def maf_version(text: str) -> str:
    """What the lines before the header of a MAF say (`#version 2.4`): "MAF 2.4", or "MAF" where they say nothing."""
    found = _VERSION.search(text)
    return f"MAF {found[1]}" if found else "MAF"
