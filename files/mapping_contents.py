"""What the cells of a column say: how many of them look like what a field holds. Text in, counts out; no Django."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from variants.classification import classify

# As `given` in variants.normalising.text, which decides at the import: cells that say that there is nothing.
NOTHING = {"", ".", "NULL", "NA", "N/A", "NONE", "NAN", "-", "-1"}
ALLELE_NOTHING = NOTHING - {"-", "-1"}
# Words that a table writes where it has no value of this kind.
NO_WORDS = {"gene": {"UNKNOWN", "NOT PROVIDED"}, "rsid": {"NOVEL"}, "classification": {"NOT YET REVIEWED"}}
FITS, MOSTLY, HARDLY = 0.9, 0.5, 0.1


@dataclass(frozen=True)
class Fit:
    """`fitting` of `given` cells look like `what` (plural, "positions"); `is_poor`: usable only for want of better."""

    fitting: int
    given: int
    what: str
    is_poor: bool = False

    @property
    def share(self) -> float:
        return self.fitting / self.given if self.given else 0.0

    @property
    def rank(self) -> int:
        """0: the cells bear the name out; 1: some do; 2: there are none."""
        return 2 if not self.given else int(self.is_poor or self.share < MOSTLY)

    def is_possible(self, *, weak: bool) -> bool:
        """Whether a column of that name may be proposed at all."""
        if weak:
            return self.given > 0 and self.share >= FITS and not self.is_poor
        return not self.given or self.is_poor or self.share >= HARDLY

    def confidence(self, *, weak: bool) -> str:
        """`sure`: a telling name and nearly all cells fit; `likely`: one of the two; `guess`: neither quite."""
        if self.is_poor or (self.given and self.share < MOSTLY):
            return "guess"
        if weak or not self.given or self.share < FITS:
            return "likely"
        return "sure"

    @property
    def told(self) -> str:
        return f"{self.fitting:,} of {self.given:,} cells look like {self.what}"


def judged(field: str, cells: Iterable[str | None], genes: Collection[str] = ()) -> Fit:
    """How the cells of one column fit a field. `genes`: the known names among them, upper case."""
    texts = given_cells(field, cells)
    if field == "gene":
        return _genes(texts, genes)
    if field == "classification":
        return _words(texts)
    what, fits = CHECKS[field]
    return Fit(sum(bool(fits(text)) for text in texts), len(texts), what)


def given_cells(field: str, cells: Iterable[str | None]) -> list[str]:
    """The cells that hold something, trimmed."""
    nothing = (ALLELE_NOTHING if field in ("ref", "alt", "alt_first") else NOTHING) | NO_WORDS.get(field, set())
    texts = (cell.strip() for cell in cells if cell is not None)
    return [text for text in texts if text.upper() not in nothing]


def gene_names(text: str) -> list[str]:
    """The names in a cell with one gene or a list of them."""
    return [part.strip() for part in re.split(r"[;,|]", text) if part.strip()]


_SYMBOL = re.compile(r"[A-Za-z][A-Za-z0-9@._/-]{0,29}")
_ENSEMBL_GENE = re.compile(r"(?i)(ENSG|ENST|NM_)\d+(\.\d+)?")


def _genes(texts: list[str], known: Collection[str]) -> Fit:
    lists = [gene_names(text) for text in texts]
    is_known = [any(name.upper() in known for name in names) for names in lists]
    ids = sum(all(_ENSEMBL_GENE.fullmatch(name) for name in names) for names in lists)
    if ids * 2 > len(texts) and sum(is_known) * 2 < len(texts):
        return Fit(ids, len(texts), "accessions of genes, not symbols", is_poor=True)
    if sum(is_known) >= FITS * len(texts):
        return Fit(sum(is_known), len(texts), "names of known genes")
    shaped = [
        known or all(_SYMBOL.fullmatch(name) for name in names) for known, names in zip(is_known, lists, strict=True)
    ]
    return Fit(sum(shaped), len(texts), f"gene symbols, {sum(is_known):,} of them known")


def _words(texts: list[str]) -> Fit:
    """Words that nobody knows yet are still words; numbers are none."""
    meant = {text: classify(text)[1] for text in set(texts)}
    known = sum(meant[text] for text in texts)
    wordy = sum(bool(re.search(r"[A-Za-z]{2}", text)) for text in texts)
    what = "known words of classification"
    return Fit(known, len(texts), what, is_poor=known < MOSTLY * len(texts) and wordy >= FITS * len(texts))


def _like(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern).search


_ACCESSION = r"(?:[NX][A-Z]_|LRG_|ENS[TGP])[A-Za-z0-9_.]*(?:\([^()]*\))?"
_CODING = r"[cn]\.[-*(\[?\d=]"
_PROTEIN = r"(?:p\.\S|^(?:[ACDEFGHIKLMNPQRSTVWYX*]|[A-Z][a-z]{2})\d+(?:[ACDEFGHIKLMNPQRSTVWYX*=]|[A-Z][a-z]{2}|[A-Z]?[a-z]{0,2}fs|del|dup|_)\S*)"
_DATE = r"^(?:\d{4}-\d\d-\d\d|\d{4}/\d\d?/\d\d?$|[A-Za-z]{3} \d\d?, \d{4}$)"
# As `place_of` in variants.normalising.places.
_WHOLE_PLACE = (
    r"(?i:^(?:chr(?:omosome)?)?(?:[0-9]{1,2}|X|Y|MT?)[-:_/|\s]+[0-9,]+[-:_/|\s]*[ACGTN]+[-:_/|>\s](?:[ACGTN]+|\*)$)"
)
_SPDI = r"^[A-Z]{2}_\d+\.\d+:\d+:(?:[ACGTN]*|\d+):[ACGTN]*$"
_NAME = rf"^{_ACCESSION}:\s*[cgnpm]\.[^,;|\s]+(?:\s*\(p\..*\))?$"
_GENE_CHANGE = r"^[A-Za-z][A-Za-z0-9-]*(?:\s*:\s*|\s+)(?:[cgn]\.[-*(\[?\d=]|p\.\S)"
_EFFECTS = (
    r"(?i)missense|nonsense|synonymous|silent|frame_?\s?shift|in_?\s?frame|splic|intron|utr|flank|stop|start_|nonstop|"
    r"intergenic|igr\b|upstream|downstream|snv\b|coding|exon|rna|regulatory|transcript|protein_altering|tf_binding|nmd|substitution"
)


def _whole_number(text: str) -> bool:
    return bool(re.fullmatch(r"\d{1,10}|\d{1,3}(?:,\d{3})+", text))


def _position(text: str) -> bool:
    """A whole number, or two as ClinVar writes a stretch: `43045682 - 43045690`."""
    if _whole_number(text):
        return True
    ends = re.fullmatch(r"(\d{1,10})\s*-\s*(\d{1,10})", text)
    return ends is not None and int(ends[1]) <= int(ends[2])


CHECKS: dict[str, tuple[str, Callable[[str], object]]] = {
    "hgvs_c": ("HGVS c. names", _like(rf"(?:^|[:\s]){_CODING}|^{_ACCESSION}:[gm]\.\d")),
    "hgvs_p": ("protein changes", _like(_PROTEIN)),
    "hgvs_p_short": ("protein changes", _like(_PROTEIN)),
    "hgvs_g": ("HGVS g. names", _like(r"(?:^|:)[gm]\.[\d(\[?_]")),
    "other_names": ("HGVS names", _like(rf":\s*[cgnpm]\.\S|{_SPDI}")),
    "transcript": ("transcripts", _like(r"^(?:[NX][MR]_|ENST|LRG_)\d")),
    "rsid": ("rsIDs", _like(r"(?i)(?:^|[^a-z0-9])rs\d+|^\d{2,15}(?:[,;|]\d+)*$")),
    "clinvar": ("ClinVar accessions", _like(r"(?i)\b[VRS]CV\d{6,12}")),
    "variation_id": ("VariationIDs", _like(r"^\d{1,9}$")),
    "assembly": ("assemblies", _like(r"(?i)^(?:GRCh|hg|b|NCBI|build)?[ _]?(?:3[678]|1[89])(?:[.\-_]\S*)?$")),
    "chrom": ("chromosomes", _like(r"(?i)^(?:chr(?:omosome)?[ _]?)?(?:0?[1-9]|1\d|2[0-6]|X|Y|XY|MT?|Un\S*|(?:GL|KI|NC|NT|NW|CM)_?\d\S*|\d{1,2}_\S+)$")),
    "start": ("positions", _position),
    "stop": ("positions", _position),
    "ref": ("bases", _like(r"(?i)^(?:[ACGTN]+|-)$")),
    "alt": ("bases", _like(r"(?i)^(?:[ACGTN]+|-|\*|<[^<>]+>|[ACGTN.]*[\[\]][^\[\]]+[\[\]][ACGTN.]*)(?:,(?:[ACGTN]+|\*|<[^<>]+>))*$")),
    "alt_first": ("bases", _like(r"(?i)^(?:[ACGTN]+|-)$")),
    "variant": ("variants (places, HGVS names, rsIDs)", _like(
        rf"{_WHOLE_PLACE}|(?i:^rs\d+$)|{_NAME}|{_GENE_CHANGE}|^{_CODING}|^p\.\S|(?i:^[VRS]CV\d{{6,12}})|{_SPDI}")),
    "accession": ("sequence accessions", _like(r"^(?:[NX][A-Z]_|LRG_|CM|ENS[TGP])\d")),
    "consequence": ("consequences", _like(_EFFECTS)),
    "review_status": ("review statuses", _like(r"(?i)criteria|assertion|expert|guideline|classification|review|^[0-4]$|star")),
    "oncogenicity": ("words of oncogenicity", _like(r"(?i)oncogenic|benign|uncertain|significance|vus|conflicting|not provided")),
    "somatic_impact": ("tiers of clinical impact", _like(r"(?i)tier|strong|potential|unknown|benign")),
    "last_evaluated": ("dates", _like(_DATE)),
    "comment": ("texts", _like(r"[^\W\d_]")),
    "url": ("addresses", _like(r"(?i)^(?:https?://|www\.)\S")),
    "source": ("names of a source", lambda text: re.search(r"[^\W\d_]{2}", text) and not re.match(r"(?i)https?://", text)),
}  # fmt: skip

# Cells that tell without any name of the column what they are.
ALONE: dict[str, Callable[[str], object]] = {
    "variant": _like(_WHOLE_PLACE),
    "hgvs_c": _like(rf"^{_ACCESSION}:{_CODING}"),
    "hgvs_g": _like(rf"^{_ACCESSION}:[gm]\.[\d(\[?_]"),
    "hgvs_p": _like(rf"^{_ACCESSION}:p\.\S"),
    "rsid": _like(r"(?i)^rs\d+$"),
    "clinvar": _like(r"^[VRS]CV\d{9}(?:\.\d+)?$"),
}


def alone(cells: Iterable[str | None]) -> tuple[str, int] | None:
    """The field that a column's cells all stand for, whatever it is called, and how many they are; None: cannot be said."""
    texts = given_cells("", cells)
    fitting = (field for field, fits in ALONE.items() if texts and all(fits(text) for text in texts))
    field = next(fitting, None)
    return (field, len(texts)) if field else None
