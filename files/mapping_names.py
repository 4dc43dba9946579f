"""What columns are called: the header names that stand for a field, in tables of labs, databases and tools."""

import re
from dataclasses import dataclass

from files.readers.flavours import folded, is_clinvar_summary, is_maf
from variants.normalising import FIELDS

# Header names with everything but letters and digits folded away; earlier ones are preferred.
NAMES: dict[str, list[str]] = {
    "gene": ["gene", "genesymbol", "hugosymbol", "symbol", "submittedgenesymbol", "approvedsymbol", "hgncsymbol",
             "generefgene", "generefgenewithver", "genename", "genesymbols", "genes", "hgnc"],
    "hgvs_c": ["nucleotidechange", "hgvsc", "cdna", "cdnachange", "codingchange", "hgvscoding", "hgvsdna", "cdot",
               "pyhgvscdna", "hgvscdna", "transcriptconsequence", "variantontranscriptdna", "codinghgvs", "chgvs", "cnomen",
               "hgvscvep", "hgvscsnpeff", "hgvscannovar", "cdnahgvs", "hgvsnucleotide"],
    "hgvs_p": ["proteinchange", "hgvsp", "aminoacidchange", "aachange", "hgvsprotein", "pyhgvsprotein", "pdot",
               "proteinconsequence", "variantontranscriptprotein", "proteinhgvs", "phgvs", "pnomen", "proteinvariant",
               "hgvspvep", "hgvspsnpeff", "hgvspannovar", "hgvspshort"],
    "hgvs_p_short": ["hgvspshort", "proteinchangeshort", "aachangeshort", "hgvsp1letter", "proteinabbrev"],
    "hgvs_g": ["hgvsg", "genomicchange", "hgvsgenomic", "gdot", "genomichgvs", "variantongenomedna", "ghgvs", "gnomen"],
    "other_names": ["othermappings", "othernames", "hgvs", "hgvsexpressions", "hgvsnames", "clinvarhgvs", "canonicalspdi", "spdi"],
    "transcript": ["transcript", "transcriptid", "refseqtranscript", "nm", "ensembltranscript", "ensembltranscriptid",
                   "referencesequence", "transcriptname", "itranscriptname", "refseq"],
    "rsid": ["rsid", "rsids", "rs", "dbsnp", "dbsnprs", "rsdbsnp", "dbsnpid", "snpid", "rsnumber", "avsnp",
             "existingvariation"],
    "clinvar": ["clinvar", "clinvaraccession", "vcv", "rcvaccession", "rcv", "clinvarid", "scv", "clinvaraccessionenigma"],
    "variation_id": ["clinvarvariationid", "variationid"],
    "assembly": ["assembly", "genomebuild", "ncbibuild", "build", "genomeassembly", "referencegenome", "genome"],
    "chrom": ["chrom", "chr", "chromosome", "chromosomename", "seqnames"],
    "start": ["pos", "positionvcf", "position", "genomicstart", "start", "startposition", "chromstart", "dnaposition",
              "genomicpositionstart", "positiongstart", "location", "breakpoint1", "genomicposition"],
    "stop": ["genomicstop", "stop", "end", "endposition", "genomicend", "chromend", "genomicpositionend", "positiongend",
             "breakpoint2"],
    "ref": ["ref", "referenceallelevcf", "reference", "referenceallele", "refallele", "dnaref"],
    "alt": ["alt", "alternateallelevcf", "alternate", "alternateallele", "altallele", "tumorseqallele2", "dnaalt"],
    "alt_first": ["tumorseqallele1"],
    "variant": ["variant", "variants", "query", "mutation", "snp", "snps", "gnomadid", "uploadedvariation", "genomiccoordinate"],
    "accession": ["accession", "sequenceaccession", "chromosomeaccession"],
    "consequence": ["consequence", "variantclassification", "molecularconsequence", "effect", "vepannotation",
                    "exonicfuncrefgene", "funcrefgene", "varcategory"],
    "classification": [
        "reportedclassification", "classification", "clinicalsignificance", "clnsig", "pathogenicity", "significance",
        "inferredclassification", "acmgclassification", "germlineclassification", "clinvarclinicalsignificance",
        "clinicalsignificanceenigma", "clinvargermlineclassification", "clinvarclnsig", "curatedclass", "clinicalclassification",
    ],
    "review_status": ["reviewstatus", "clnrevstat", "starrating", "germlinereviewstatus", "clinvarreview"],
    "oncogenicity": ["oncogenicity", "oncogenicityclassification"],
    "somatic_impact": ["somaticclinicalimpact"],
    "last_evaluated": ["lastevaluated", "dateevaluated", "datelastevaluated", "evaluated", "germlinedatelastevaluated",
                       "datelastevaluatedenigma"],
    "comment": ["submittercomment", "comment", "comments", "condition", "commentonclinicalsignificanceenigma"],
    "url": ["url", "sourceurl", "link", "urlenigma"],
    "source": ["source", "database", "submitter"],
}  # fmt: skip

# Names that mean many things: taken where nearly all of the cells bear them out, and by no name alone.
WEAK: dict[str, list[str]] = {
    "hgvs_c": ["hgvsconsequence", "dnachange", "codingdna"],
    "hgvs_g": ["dnachange"],
    "hgvs_p": ["protein", "proteinname", "aminoacids", "mutation", "variant", "alteration"],
    "rsid": ["snp", "variantid", "id", "marker", "markername", "externalids"],
    "clinvar": ["accession", "accessionid", "accessions"],
    "transcript": ["accession", "feature"],
    "chrom": ["contig", "sequence", "seqid"],
    "variant": ["name", "variantname", "hgvs", "variantid", "id", "mutations", "alteration", "key", "coordinates"],
    "consequence": ["type", "function", "varfunction", "annotation", "impact"],
    "classification": ["consensus", "class", "interpretation", "verdict", "label", "category", "acmg", "result", "call",
                       "pathogenicityexpert"],
}  # fmt: skip

# What a well-known table means by its names; an empty list: it has no such column, whatever one of them is called.
MAF: dict[str, list[str]] = {
    "gene": ["hugosymbol"], "start": ["startposition"], "stop": ["endposition"], "ref": ["referenceallele"],
    "alt": ["tumorseqallele2"], "chrom": ["chromosome"], "assembly": ["ncbibuild"], "rsid": ["dbsnprs", "existingvariation"],
    "variant": [], "source": [], "accession": [],
}  # fmt: skip
CLINVAR = {"variant": ["name"], "source": ["submitter"], "comment": ["description", "comment", "comments"]}
GNOMAD: dict[str, list[str]] = {"source": []}  # "Source" says in which of gnomAD's call sets the variant is
BRCA_EXCHANGE: dict[str, list[str]] = {
    "source": [],
    "hgvs_c": ["pyhgvscdna"],
    "hgvs_p": ["pyhgvsprotein"],
}  # who has it, not who says so

CLINVAR_SIGNS = {"rcvaccession", "rcv", "scv", "alleleid", "clinsigsimple", "clinicalsignificance", "germlineclassification",
                 "canonicalspdi"}  # fmt: skip
VCF_STARTS = ("pos", "positionvcf", "position")
PLACE = ("chrom", "start", "stop", "ref", "alt", "hgvs_g", "variant")

_BUILD = re.compile(r"(?P<b37>grch37|hg19|hg37|b37)|(?P<b38>grch38|hg38|b38)")
_NUMBERED = re.compile(r"(rsdbsnp|avsnp|dbsnp|genomichgvs)(?P<number>\d+)$")
_BASE = re.compile(r"(?:0|1|zero|one)(?:based|coord?)$")


@dataclass(frozen=True)
class Candidate:
    """A column whose name may stand for a field. `order`: the smaller, the better the name; `build`: named in it."""

    column: str
    order: int
    weak: bool = False
    build: str = ""


def flavour_of(columns: list[str]) -> dict[str, list[str]]:
    """What is known of the names where the columns are those of a well-known table."""
    found = set(map(folded, columns))
    if is_maf(columns):
        return MAF
    if is_clinvar_summary(columns) or {"grch38location", "variationid"} <= found or {"variationid", "scv"} <= found:
        return CLINVAR
    if "gnomadid" in found:
        return GNOMAD
    return BRCA_EXCHANGE if {"pyhgvscdna", "pathogenicityexpert"} <= found else {}


def plain(name: str) -> tuple[str, str]:
    """A column's name without what it says of assembly and base: ("pos", "GRCh37") of `hg19_pos(1-based)`."""
    text = _BASE.sub("", folded(name))
    found = _BUILD.search(text)
    if found:
        return text[: found.start()] + text[found.end() :], "GRCh37" if found["b37"] else "GRCh38"
    if numbered := _NUMBERED.match(text):
        build = {"37": "GRCh37", "38": "GRCh38"}.get(numbered["number"], "")
        return numbered[1], build if numbered[1] == "genomichgvs" else ""
    return text, ""


def candidates(columns: list[str]) -> dict[str, list[Candidate]]:
    """Field -> the columns whose names may stand for it, best names first."""
    preferred = flavour_of(columns)
    by_name: dict[str, list[tuple[str, str]]] = {}
    for column in columns:
        name, build = plain(column)
        by_name.setdefault(name, []).append((column, build))
    found: dict[str, list[Candidate]] = {}
    for field in FIELDS:
        strong = preferred.get(field, NAMES[field])
        weak = [] if field in preferred else WEAK.get(field, [])
        found[field] = [
            Candidate(column, order, name not in strong, build)
            for order, name in enumerate([*strong, *weak])
            for column, build in by_name.get(name, ())
            if not build or field in PLACE
        ]
    if not CLINVAR_SIGNS & by_name.keys():  # a number of anybody's is no accession of ClinVar
        found["variation_id"] = [one for one in found["variation_id"] if folded(one.column) != "variationid"]
    return found


def counts_from_0(column: str, stop: str | None = None) -> bool:
    """Whether a position's name says that it counts from 0; `chromStart` beside `chromEnd` does (UCSC, BED)."""
    says = re.search(r"(?:\b|_|^)(?:0|zero)[ _-]?(?:based|coord?)", column, re.IGNORECASE)
    return bool(says) or (column.strip("# "), stop) == ("chromStart", "chromEnd")
