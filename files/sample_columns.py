"""Tables whose rows are of one sample: which columns name it and its evidence, and what a row says. No Django but for errors.

Apart from the fields that make a variant or a claim (`files.mapping`): these are never read at an import, only shown
from the file's own rows, to those who may read the file. An import keeps the choice with the load's options.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from files.columns import fields_filled
from files.genotypes import count, fraction, number, read_genotype
from files.genotypes import zygosity as zygosity_of
from files.readers.flavours import folded
from variants.samples import SampleCall, SampleCounts, Samples

LABELS = {
    "sample": "Sample", "genotype": "Genotype (GT)", "zygosity": "Zygosity", "depth": "Depth",
    "allele_depth": "Reads with the allele", "reference_depth": "Reads with the reference",
    "genotype_quality": "Genotype quality", "matched_normal": "Matched normal sample", "normal_depth": "Depth, normal",
    "normal_allele_depth": "Reads with the allele, normal",
}  # fmt: skip

# Header names with everything but letters and digits folded away; earlier ones are preferred.
NAMES: dict[str, list[str]] = {
    "sample": ["tumorsamplebarcode", "sample", "sampleid", "samplename", "tumorsample", "tumorsampleid"],
    "genotype": ["gt", "genotype"],
    "zygosity": ["zygosity", "zygosityname"],
    "depth": ["tdepth", "dp", "depth", "readdepth", "totaldepth"],
    "allele_depth": ["taltcount", "ad", "altdepth", "altcount", "altreads"],
    "reference_depth": ["trefcount", "refdepth", "refcount", "refreads"],
    "genotype_quality": ["gq", "genotypequality"],
    "matched_normal": ["matchednormsamplebarcode", "normalsample", "normalsampleid"],
    "normal_depth": ["ndepth"],
    "normal_allele_depth": ["naltcount"],
}
OF_A_SAMPLE = ("sample", "genotype", "zygosity")  # without any of these no samples: depths are a cohort's
NOTHING = ("", ".", "-", "NA", "N/A", "NULL", "null", "None", "none", "nan", "NaN")
ZYGOSITIES = {
    "het": "heterozygous", "heterozygous": "heterozygous", "heterozygote": "heterozygous", "hom": "homozygous",
    "homozygous": "homozygous", "homozygote": "homozygous", "homalt": "homozygous", "hemi": "hemizygous",
    "hemizygous": "hemizygous", "hemizygote": "hemizygous",
}  # fmt: skip
REFERENCE = ("homref", "homozygousreference", "ref", "wildtype", "wt")

Chosen = dict[str, str | None]


def detect(columns: Sequence[str]) -> Chosen:
    """Field -> column, or None; nothing at all where no column tells that rows are of samples."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(folded(column), column)
    found: Chosen = {
        field: next((by_name[name] for name in names if name in by_name), None) for field, names in NAMES.items()
    }
    return found if any(found[field] for field in OF_A_SAMPLE) else dict.fromkeys(NAMES)


def checked(chosen: Mapping[str, str | None], columns: Sequence[str]) -> Chosen:
    """A choice as somebody gave it, complete. Raises BadQuery for fields or columns that do not exist."""
    return fields_filled("samples", chosen, LABELS, columns)


def samples_of(chosen: Mapping[str, Any], row: Mapping[str, str | None], alt_index: int, chrom: str | None) -> Samples:
    """What a row says of its one sample; without columns for it, no sample. `chosen`: field -> column."""
    if not any(chosen.get(field) for field in OF_A_SAMPLE):
        return Samples([], SampleCounts())
    cells = {field: _given(row.get(column)) for field, column in chosen.items() if column}
    if not any(cells.get(field) for field in OF_A_SAMPLE):
        return Samples([], SampleCounts())
    written, said = cells.get("genotype"), _zygosity_word(cells.get("zygosity") or cells.get("genotype"))
    genotype = read_genotype(written) if written else None
    if genotype and alt_index not in genotype.alleles:
        state = "without_allele" if genotype.is_whole else "not_called"
        return Samples([], SampleCounts(samples=1, **{state: 1}))
    if said in REFERENCE:
        return Samples([], SampleCounts(samples=1, without_allele=1))
    call = _call(cells, written, zygosity_of(genotype, alt_index, chrom) if genotype else said, alt_index)
    return Samples([call], SampleCounts(samples=1, with_allele=1))


def _given(text: str | None) -> str | None:
    text = text.strip() if text else ""
    return None if text in NOTHING else text


def _zygosity_word(text: str | None) -> str | None:
    """`het` in words; a word that is not known as it is written; None of a genotype."""
    if not text or read_genotype(text):
        return None
    name = folded(text)
    return name if name in REFERENCE else ZYGOSITIES.get(name, text if not _is_bases(text) else None)


def _is_bases(text: str) -> bool:
    """`A/G`: a genotype by its bases, which is shown as written."""
    return set(text.upper()) <= set("ACGTN-|/")


def _call(cells: Mapping[str, str | None], written: str | None, zygosity: str | None, alt_index: int) -> SampleCall:
    reference, of_allele = _depths(cells, alt_index)
    depth = count(cells.get("depth"))
    if depth is None and reference is not None and of_allele is not None:
        depth = reference + of_allele
    genotype = read_genotype(written) if written else None
    return SampleCall(
        sample=cells.get("sample"), genotype=written, zygosity=zygosity,
        phased=genotype.phased if genotype else None, depth=depth, allele_depth=of_allele, reference_depth=reference,
        allele_fraction=fraction(of_allele, depth), genotype_quality=number(cells.get("genotype_quality")),
        matched_normal=cells.get("matched_normal"), normal_depth=count(cells.get("normal_depth")),
        normal_allele_depth=count(cells.get("normal_allele_depth")),
    )  # fmt: skip


def _depths(cells: Mapping[str, str | None], alt_index: int) -> tuple[int | None, int | None]:
    """Reads of REF and of the allele. A list is VCF's AD; one number is that of the row's first ALT and of no other."""
    reference, text = count(cells.get("reference_depth")), cells.get("allele_depth") or ""
    depths = [count(part.strip()) for part in text.split(",")]
    if len(depths) > 1:
        return depths[0], depths[alt_index] if alt_index < len(depths) else None
    return reference, depths[0] if alt_index == 1 else None
