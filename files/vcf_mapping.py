"""Which columns of a VCF mean what: five are fixed by the format, INFO keys are proposed by name and by the header."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from files import mapping as mappings
from files.models import AnyReading
from files.readers.flavours import folded
from files.vcf_annotations import annotations
from project.common.problems import BadQuery
from variants.normalising import FIELDS

FIXED = {"chrom": "CHROM", "start": "POS", "ref": "REF", "alt": "ALT"}
NOT_IN_VCF = (
    "stop",
    "alt_first",
    "variant",
    "accession",
    "hgvs_p_short",
    "variation_id",
)  # what other tables need, a VCF's fixed columns say
ID = "ID"

# INFO keys, folded as headers are; "clinvar" before them is passed over. Earlier ones are preferred.
KEYS: dict[str, tuple[str, ...]] = {
    "gene": ("geneinfo", "genesymbol", "symbol", "gene", "genename", "genes", "hugosymbol", "generefgene"),
    "hgvs_c": ("hgvsc", "hgvscoding", "hgvscdna", "cdnachange", "cdna"),
    "hgvs_p": ("hgvsp", "hgvsprotein", "proteinchange", "aachange"),
    "hgvs_g": ("clnhgvs", "hgvsg", "hgvsgenomic"),
    "other_names": ("hgvs", "hgvsexpressions", "othernames"),
    "transcript": ("transcript", "transcriptid"),
    "rsid": ("rs", "rsid", "rsids", "dbsnprs", "rsdbsnp", "dbsnpid"),
    "clinvar": ("vcv", "clnvid", "variationid", "clnacc", "rcvaccession", "rcv"),
    "consequence": ("mc", "molecularconsequence", "consequence", "mostsevereconsequence", "effect", "exonicfuncrefgene"),
    "classification": ("clnsig", "clinicalsignificance", "clinsig", "classification", "significance", "pathogenicity",
                       "acmgclassification"),
    "review_status": ("clnrevstat", "reviewstatus", "revstat"),
    "oncogenicity": ("onc", "oncogenicity"),
    "somatic_impact": ("sci", "somaticclinicalimpact"),
    "last_evaluated": ("lastevaluated", "datelastevaluated", "dateevaluated"),
    "comment": ("clndn", "clndbn", "condition", "conditions", "comment"),
    "url": ("sourceurl", "url"),
    "source": ("submitter",),
}  # fmt: skip


def chosen() -> list[str]:
    """The fields for which somebody can choose a column."""
    return [field for field in FIELDS if field not in NOT_IN_VCF and field not in FIXED]


def detect(file: AnyReading) -> dict[str, str | None]:
    """Field -> column, or None. One column may serve several fields: an annotation says gene, names and consequence."""
    columns = [column["name"] for column in file.columns]
    by_key: dict[str, str] = {}
    for name in columns:
        if name.startswith("INFO."):
            by_key.setdefault(folded(name.removeprefix("INFO.")), name)
    is_clinvars = is_from_clinvar(file.header, columns)
    known = [one for column, one in annotations(file.header).items() if column in columns]
    found: dict[str, str | None] = dict.fromkeys(FIELDS)
    for field, keys in KEYS.items():
        named = [by_key[key] for one in keys for key in (one, f"clinvar{one}") if key in by_key]
        annotated = [one.column for one in known if one.answers(field)]
        # ClinVar's own keys are its claim; in other files the annotation tells alleles apart and single keys may not.
        found[field] = next(iter(named + annotated if is_clinvars else annotated + named), None)
    found |= {field: column for field, column in FIXED.items() if column in columns}
    found["rsid"] = found["rsid"] or ID
    if is_clinvars and found["clinvar"] is None:
        found["clinvar"] = ID
    return found


def is_from_clinvar(header: Mapping[str, Any], columns: Sequence[str]) -> bool:
    """Whether the file is ClinVar's own, whose ID column holds Variation IDs."""
    says_so = any(line.strip().lower() == "##source=clinvar" for line in header.get("lines", ()))
    return says_so or {"INFO.CLNSIG", "INFO.CLNREVSTAT", "INFO.ALLELEID"} <= set(columns)


def checked(mapping: Mapping[str, str | None], columns: Iterable[str]) -> dict[str, str | None]:
    """A mapping as somebody gave it, complete. Raises BadQuery for what a VCF has not, or fixes."""
    errors: dict[str, str] = {}
    for field, column in mapping.items():
        if column and column != FIXED.get(field, column):
            errors[f"mapping.{field}"] = f"In a VCF this is always {FIXED[field]}."
        elif column and field in NOT_IN_VCF:
            errors[f"mapping.{field}"] = "A VCF says this with its fixed columns; leave the field out."
    if errors:
        raise BadQuery(errors)
    return mappings.checked({**mapping, **FIXED}, list(columns))
