"""A damaged file and what a careful person would read in it; and what a reader found."""

from dataclasses import dataclass, field

Row = tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """`rows` without the header; `header` is empty where the columns have no names. None: nobody said."""

    group: str  # "suite/kind of damage"
    name: str
    data: bytes
    rows: list[Row] | None = None
    header: list[str] | None = None
    rejects: int | None = None  # records that cannot be rows and have to be told
    dialect: dict[str, str] = field(default_factory=dict)  # delimiter, quote, encoding: what the annotation says
    records: int | None = None  # in the whole file: titles, header and notes too
    cells_md5: str | None = None  # of all cells of all records: see found.cells_md5


@dataclass(frozen=True)
class Found:
    """What a reader made of a case. None or "" where it did not say; a file that it refuses is `Found()`."""

    rows: list[Row] = field(default_factory=list)
    header: list[str] | None = None
    rejects: int | None = None
    dialect: dict[str, str] = field(default_factory=dict)
    records: int | None = None
    cells_md5: str | None = None


def plain(cells: list[str | None]) -> Row:
    """Cells without blanks around them, and without the empty ones at the end: neither is damage."""
    texts = [(cell or "").strip() for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)
