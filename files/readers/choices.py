"""What a user may set about the reading of a file, and the limits of every reading."""

from collections.abc import Mapping
from dataclasses import dataclass, field

MIB = 1024**2


@dataclass(frozen=True)
class Choices:
    """What a user corrected. None is "guess"."""

    member: str | None = None  # of a zip: a file's name as listed; of a workbook: a sheet's
    encoding: str | None = None  # a name that Python knows
    delimiter: str | None = None  # one or more characters; "" is "one column"
    quote: str | None = None  # one character; "" is "no quotes"
    escape: str | None = None  # a backslash; "" is "a doubled quote only"
    comment: str | None = None  # what lines that are no data begin with; "" is "no comments"
    header: bool | None = None
    header_line: int | None = (
        None  # physical line (of a sheet: row) of the names, from 1; what stands before is skipped
    )
    types: Mapping[str, str] = field(default_factory=dict)  # column -> text, integer, decimal, boolean or date

    @property
    def chosen(self) -> list[str]:
        """The names of what was not left to be guessed."""
        return [name for name, value in vars(self).items() if value is not None and value != {}]


@dataclass(frozen=True)
class Limits:
    """Every limit of a reading. What goes beyond is refused with a sentence that names the limit."""

    ratio: int = 500  # unpacked bytes for each packed one, once `ratio_free_bytes` are out
    ratio_free_bytes: int = 100 * MIB
    free_disk_bytes: int = 2 * 1024**3  # reading stops before the disk has less than this left
    window_bytes: int = 128 * MIB  # memory that a zstd or xz file may ask for
    zip_members: int = 10_000
    head_bytes: int = MIB  # of unpacked text that the dialect is told from
    rows_bytes: int | None = (
        None  # of text that are read, and on to the record's end (of Parquet 2,048 rows); None: all
    )
    columns: int = 16_384
    cell_bytes: int = 16 * MIB
    record_bytes: int = 64 * MIB
