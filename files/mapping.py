"""Which column of a table means what: proposed from header names, checked when a person or a script says otherwise."""

from collections.abc import Mapping

from files.readers.flavours import folded, is_clinvar_summary, is_maf
from project.common.problems import BadQuery
from variants.normalising import FIELDS

LABELS = {
    "gene": "Gene", "hgvs_c": "HGVS c.", "hgvs_p": "HGVS p.", "hgvs_g": "HGVS g.", "other_names": "Other HGVS names",
    "transcript": "Transcript", "rsid": "rsID", "clinvar": "ClinVar accession", "assembly": "Assembly",
    "chrom": "Chromosome", "start": "Position (start)", "stop": "End position", "ref": "Reference allele",
    "alt": "Alternate allele", "alt_first": "First tumour allele (MAF)",
    "variant": "Variant (rsID, HGVS name or 17-43057062-T-TG)", "accession": "Sequence accession", "consequence": "Consequence",
    "classification": "Classification", "review_status": "Review status",
    "oncogenicity": "Oncogenicity", "somatic_impact": "Somatic clinical impact", "last_evaluated": "Last evaluated", "comment": "Comment",
    "url": "Source URL", "source": "Source",
}  # fmt: skip

# Header names with everything but letters and digits folded away; earlier ones are preferred.
NAMES: dict[str, list[str]] = {
    "gene": ["gene", "genesymbol", "hugosymbol", "symbol", "submittedgenesymbol", "genename", "genes", "geneid"],
    "hgvs_c": ["nucleotidechange", "hgvsc", "cdna", "cdnachange", "codingchange", "hgvscoding", "hgvsdna", "cdot"],
    "hgvs_p": ["proteinchange", "hgvsp", "aminoacidchange", "aachange", "hgvsprotein", "hgvspshort", "pdot"],
    "hgvs_g": ["hgvsg", "genomicchange", "hgvsgenomic", "gdot"],
    "other_names": ["othermappings", "othernames", "hgvs", "hgvsexpressions", "hgvsnames"],
    "transcript": ["transcript", "transcriptid", "refseqtranscript", "nm"],
    "rsid": ["rsid", "rsids", "rs", "dbsnp", "dbsnprs", "rsdbsnp", "dbsnpid", "snpid", "rsnumber"],
    "clinvar": ["clinvar", "clinvaraccession", "vcv", "rcvaccession", "rcv", "clinvarid", "scv"],
    "assembly": ["assembly", "genomebuild", "ncbibuild", "build", "genomeassembly", "referencegenome"],
    "chrom": ["chrom", "chr", "chromosome", "chromosomename"],
    "start": ["pos", "positionvcf", "position", "genomicstart", "start", "startposition", "chromstart"],
    "stop": ["genomicstop", "stop", "end", "endposition", "genomicend", "chromend"],
    "ref": ["ref", "referenceallelevcf", "reference", "referenceallele", "refallele"],
    "alt": ["alt", "alternateallelevcf", "alternate", "alternateallele", "altallele", "tumorseqallele2"],
    "alt_first": ["tumorseqallele1"],
    "variant": ["variant", "variants", "query", "mutation", "snp", "snps"],
    "accession": ["accession", "sequenceaccession", "chromosomeaccession"],
    "consequence": ["consequence", "variantclassification", "molecularconsequence", "effect"],
    "classification": [
        "reportedclassification", "classification", "clinicalsignificance", "clnsig", "pathogenicity", "significance",
        "inferredclassification", "acmgclassification",
    ],
    "review_status": ["reviewstatus", "clnrevstat", "starrating"],
    "oncogenicity": ["oncogenicity", "oncogenicityclassification"],
    "somatic_impact": ["somaticclinicalimpact"],
    "last_evaluated": ["lastevaluated", "dateevaluated", "datelastevaluated", "evaluated"],
    "comment": ["submittercomment", "comment", "comments", "condition"],
    "url": ["url", "sourceurl", "link"],
    "source": ["source", "database", "submitter"],
}  # fmt: skip


# A MAF may have the columns of the tool that made it beside its own.
MAF_NAMES = {
    "start": ["startposition"], "stop": ["endposition"], "ref": ["referenceallele"], "alt": ["tumorseqallele2"],
}  # fmt: skip
CLINVAR_NAMES = {"variant": ["name"]}  # "Name" means anything in other tables
VCF_STARTS = ("pos", "positionvcf")


def detect(columns: list[str]) -> dict[str, str | None]:
    """Field -> column, or None where no header names it. A column serves one field only."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(folded(column), column)
    preferred = MAF_NAMES if is_maf(columns) else CLINVAR_NAMES if is_clinvar_summary(columns) else {}
    taken: set[str] = set()
    found: dict[str, str | None] = {}
    for field in FIELDS:
        names = (by_name[name] for name in preferred.get(field, NAMES[field]) if name in by_name)
        found[field] = best = next((name for name in names if name not in taken), None)
        taken |= {best} if best else set()
    if (
        (start := found["start"])
        and folded(start) in VCF_STARTS
        and {"start", "genomicstart", "chromstart"} & by_name.keys()
    ):
        found["stop"] = None  # the end that goes with the other start, which is not padded as VCF's is
    return found


def checked(mapping: Mapping[str, str | None], columns: list[str]) -> dict[str, str | None]:
    """A mapping as somebody gave it, complete. Raises BadQuery for fields or columns that do not exist."""
    errors: dict[str, str] = {}
    for field, column in mapping.items():
        if field not in LABELS:
            errors[f"mapping.{field}"] = f"There is no field {field!r}; fields: {', '.join(FIELDS)}."
        elif column and column not in columns:
            errors[f"mapping.{field}"] = f"The file has no column {column!r}."
    if errors:
        raise BadQuery(errors)
    whole = {field: mapping.get(field) or None for field in FIELDS}
    if not any(
        whole[field]
        for field in ("gene", "hgvs_c", "hgvs_p", "hgvs_g", "other_names", "rsid", "clinvar", "start", "variant")
    ):
        raise BadQuery({"mapping": "No column says which variant a row is about: name at least one of gene, an HGVS name,"
                        " rsID, ClinVar accession or chromosome and position."})  # fmt: skip
    return whole
