"""Lines that bcftools' own tests normalise: we store the alleles that it expects, in our fully trimmed form.

Not applied, since Vardesk does none of it: `join` (several lines become one), `dedup`, `atomize` (an MNV becomes
several), and `-c s`, `setref` (REF is corrected from the reference; here such a line is rejected). Of a line with several ALTs the symbolic ones are skipped.
What bcftools keeps trimmed to one equal base on the left and we trim wholly is compared as we trim it.
"""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings

from variants.identity import trimmed
from variants.reference_sequence import open_reference
from variants.tests.cells import alleles_of

FOLDER = Path(settings.BASE_DIR).parent / "shared" / "data" / "variant_norm"
KINDS = {"left_align", "split_multiallelic"}
CORRECTS_REF = re.compile(r"-c s\b|setref")


def cases() -> list:
    if not FOLDER.is_dir():
        return [pytest.param(None, marks=pytest.mark.skip(reason="the shared data are not here"))]
    found = [json.loads(line) for line in (FOLDER / "cases.jsonl").read_text().splitlines()]
    return [pytest.param(case, id=f"{n} {case['id']}") for n, case in enumerate(found) if is_ours(case)]


def is_ours(case: dict) -> bool:
    return (
        bool(KINDS.issuperset(case["kinds"]))
        and "in" in case["files"]
        and not CORRECTS_REF.search(case["id"] + case["args"])
    )


def lines_of(name: str) -> list[list[str]]:
    text = (FOLDER / name).read_text()
    return [line.split("\t")[:5] for line in text.splitlines() if line and not line.startswith("#")]


def plain(records: list[list[str]]) -> set[tuple]:
    """(chrom, start0, deleted, inserted) of every allele of plain bases that is a change."""
    found = set()
    for chrom, pos, _, ref, alts in records:
        for alt in alts.upper().split(","):
            if set(ref.upper() + alt) <= set("ACGTN") and ref.upper() != alt:
                found.add((chrom.removeprefix("chr"), *trimmed(int(pos) - 1, ref.upper(), alt)))
    return found


@pytest.mark.parametrize("case", cases())
def test_bcftools_own_cases(case, own_folders):
    files = case["files"]
    reference = open_reference("GRCh38", FOLDER / files["fasta"]) if "fasta" in files else None
    rows = [{"chrom": chrom, "start": pos, "ref": ref, "alt": alt} for chrom, pos, _, ref, alt in lines_of(files["in"])]
    found = alleles_of(*rows, references={"GRCh38": reference} if reference else {}, base=1)
    stored = {
        (a["chrom"], *trimmed(a["pos"] - 1, a["ref"] or "", a["alt"] or "")) for a in found if a["fate"] == "keep"
    }
    assert {allele["line"] for allele in found} == set(range(2, len(rows) + 2))  # no line is lost
    expected = plain(lines_of(files["expected"]))
    assert expected
    assert stored == expected
