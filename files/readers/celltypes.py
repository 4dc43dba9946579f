"""What a cell looks like. Only for guessing the dialect and the header: the cells themselves stay text."""

import re

_NUMBER = r"[-+(]?\s?[$€£¥]?\s?[-+]?(\d{1,3}([,.' ]\d{3})+|\d+)?([.,]?\d*)([eE][-+]?\d+)?\s?[%€$£)]?"
_TIME = r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s?([aApP]\.?[mM]\.?)?(Z|[-+]\d{2}:?\d{2})?"
_DATE = r"(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[- ]?[A-Za-z]{3}[- ]?\d{2,4}|[A-Za-z]{3,9}\.? \d{1,2},? \d{4})"
_MEASURED = re.compile(rf"(?=.*\d)({_NUMBER}|{_TIME}|{_DATE}([ T]{_TIME})?)")
_IDENTIFIER = re.compile(
    r"rs\d{2,}|chr([0-9]{1,2}|X|Y|MT?)|(([NX][MCGPRW]|LRG)_|ENS[TGP])\d+(\.\d+)?(\([\w-]+\))?(:\S+( \(p\.\S+\))?)?|[RVS]CV\d{6,}(\.\d+)?"
    r"|[cgpmn]\.\S*\d\S*|(chr)?([0-9]{1,2}|X|Y|MT?)[-:_]\d+([-:_][ACGT]+){2}",
    re.IGNORECASE,
)
_PROTEIN_CHANGE = re.compile(r"[ACDEFGHIKLMNPQRSTVWY]\d{1,5}([ACDEFGHIKLMNPQRSTVWY*]|fs\S*|del|dup)")
_SYMBOL = re.compile(r"[A-Z][A-Z0-9-]{0,14}(orf\d+)?")
_WORD = re.compile(r"[\w.+#@*()\[\]<>=?!%&$€£°/'-]+")
_MISSING = {"na", "n/a", "nan", "null", "none", "-", ".", "?", "--", "\\n"}
_LINK = re.compile(r"(https?|ftp|file|www)[:.]\S+|[^@\s]+@[^@\s,;]+\.\w+")
_PROSE = re.compile(r"[\w.+#@*()\[\]<>=?!%&$€£°/' -]+")


def is_measured(cell: str) -> bool:
    """Whether it is a number, date or time: what stands in columns and rarely in their names."""
    cell = cell.strip()
    return len(cell) < 40 and _MEASURED.fullmatch(cell) is not None


def is_identifier(cell: str) -> bool:
    """Whether it names one thing of genetics: an rsID, an accession, an HGVS name, a place. No column is called so."""
    return _IDENTIFIER.fullmatch(cell.strip()) is not None


def is_symbol(cell: str) -> bool:
    """Whether it could be a gene symbol: capitals, digits, hyphens."""
    return _SYMBOL.fullmatch(cell.strip()) is not None


def is_protein_change(cell: str) -> bool:
    """Whether it is a protein change in one-letter code without its `p.`: V600E."""
    return _PROTEIN_CHANGE.fullmatch(cell.strip()) is not None


def is_missing(cell: str) -> bool:
    return cell.strip().lower() in _MISSING


def likeness(cell: str) -> float:
    """How much it looks like one value of a table, 0..1: 1 for numbers, dates, words, less for what may be several."""
    cell = cell.strip()
    if not cell or len(cell) < 40 and (_MEASURED.fullmatch(cell) or _WORD.fullmatch(cell)) or is_missing(cell):
        return 1.0
    if _LINK.fullmatch(cell[:300]):
        return 1.0
    if _PROSE.fullmatch(cell[:300]):
        return 0.9
    return 0.4 if len(cell) < 1000 else 0.3
