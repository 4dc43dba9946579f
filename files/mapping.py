"""Which column of a table means what: chosen from header names and cells, checked when somebody says otherwise."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.conf import settings

from files.columns import fields_filled
from files.mapping_contents import Fit
from files.mapping_names import PLACE, VCF_STARTS, Candidate, candidates, plain
from files.readers.flavours import folded, is_maf
from project.common.problems import BadQuery
from variants.normalising import FIELDS

LABELS = {
    "gene": "Gene", "hgvs_c": "HGVS c.", "hgvs_p": "HGVS p.", "hgvs_p_short": "HGVS p., short", "hgvs_g": "HGVS g.",
    "other_names": "Other HGVS names",
    "transcript": "Transcript", "rsid": "rsID", "clinvar": "ClinVar accession", "variation_id": "ClinVar VariationID",
    "assembly": "Assembly",
    "chrom": "Chromosome", "start": "Position (start)", "stop": "End position", "ref": "Reference allele",
    "alt": "Alternate allele", "alt_first": "First tumour allele (MAF)",
    "variant": "Variant (rsID, HGVS name or 17-43057062-T-TG)", "accession": "Sequence accession", "consequence": "Consequence",
    "classification": "Classification", "review_status": "Review status",
    "oncogenicity": "Oncogenicity", "somatic_impact": "Somatic clinical impact", "last_evaluated": "Last evaluated", "comment": "Comment",
    "url": "Source URL", "source": "Source",
}  # fmt: skip

# Each of these alone says which variant a row is about, or which gene.
NAMING = (
    "hgvs_c",
    "hgvs_p",
    "hgvs_p_short",
    "hgvs_g",
    "other_names",
    "rsid",
    "clinvar",
    "variation_id",
    "start",
    "variant",
)

# The start's name decides for the others which assembly is meant; rsID and accession before the column that may hold either.
FIRST = ("start", "rsid", "clinvar", "variant")


@dataclass(frozen=True)
class Choice:
    """The column that was chosen for a field by its name; `fit`: what its cells say, where they were asked."""

    candidate: Candidate
    fit: Fit | None = None


Judge = Callable[[str, str], Fit]  # field, column -> what the column's cells say of it


def detect(columns: list[str]) -> dict[str, str | None]:
    """Field -> column by header names alone, or None where no header names it. A column serves one field only."""
    found = choose(columns)
    return {field: found[field].candidate.column if field in found else None for field in FIELDS}


def choose(columns: list[str], judge: Judge | None = None) -> dict[str, Choice]:
    """Field -> the best column for it by name and, with `judge`, by cells. A column serves one field only.

    Of columns for two assemblies those that name none come first, then those of DEFAULT_ASSEMBLY.
    """
    by_field = candidates(columns)
    found: dict[str, Choice] = {}
    taken: set[str] = set()
    for field in sorted(FIELDS, key=lambda field: FIRST.index(field) if field in FIRST else len(FIRST)):
        wanted = [one for one in by_field[field] if one.column not in taken and _same_build(field, one, found)]
        if best := _best(field, wanted, judge):
            found[field] = best
            taken.add(best.candidate.column)
    if "start" in found and not _ends_there(found["start"].candidate.column, columns):
        found.pop("stop", None)
    return found


def _best(field: str, wanted: list[Candidate], judge: Judge | None) -> Choice | None:
    builds = ["", settings.DEFAULT_ASSEMBLY]

    def rank(choice: Choice) -> tuple[int, int, int]:
        build = choice.candidate.build
        return (
            choice.fit.rank if choice.fit else 0,
            builds.index(build) if build in builds else 2,
            choice.candidate.order,
        )

    if judge is None:
        choices = [Choice(one) for one in wanted if not one.weak]
    else:
        choices = [Choice(one, judge(field, one.column)) for one in wanted]
        choices = [one for one in choices if one.fit and one.fit.is_possible(weak=one.candidate.weak)]
    return min(choices, key=rank, default=None)


def _same_build(field: str, candidate: Candidate, found: Mapping[str, Choice]) -> bool:
    """Whether a column belongs to the assembly that the start's own name says, so that no place is made of two."""
    if field not in PLACE or field == "start" or "start" not in found:
        return True
    build = found["start"].candidate.build
    if field == "stop":
        return candidate.build == build
    return candidate.build in ("", build) if build or field != "hgvs_g" else True


def _ends_there(start: str, columns: list[str]) -> bool:
    """Whether an end column goes with this start: not with VCF's, which is padded, where there is another start."""
    others = {folded(column) for column in columns if column != start}
    return is_maf(columns) or plain(start)[0] not in VCF_STARTS or not others & {"start", "genomicstart", "chromstart"}


def checked(mapping: Mapping[str, str | None], columns: list[str]) -> dict[str, str | None]:
    """A mapping as somebody gave it, complete. Raises BadQuery for fields or columns that do not exist."""
    whole = fields_filled("mapping", mapping, FIELDS, columns)
    if not any(whole[field] for field in ("gene", *NAMING)):
        raise BadQuery({"mapping": "No column says which variant a row is about: name at least one of gene, an HGVS name,"
                        " rsID, ClinVar accession or chromosome and position."})  # fmt: skip
    return whole
