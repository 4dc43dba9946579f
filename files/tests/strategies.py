"""Tables of any text and the ways to write them down, for property tests. Shares no code with the readers."""

from dataclasses import dataclass

from hypothesis import strategies as st

from files.readers.sniff import DELIMITERS
from files.tests.promises import line_starts

# Where readers slip: marks of dialects, line ends and what some take for one, blanks, marks of direction and order.
SPECIAL = [
    '"', "'", "`", '""', ",", "\t", ";", "|", "||", "\\", '\\"', "#", "//", "~", "^", "\n", "\r", "\r\n", "\r\r\n", " ", "  ",
    "\x0b", "\x0c", "\x1c", "\x1f", "\x01", "\x7f", "\x85", "\xa0", "\u2028", "\u200b", "\ufeff", "\u202e", "א", "e\u0301",
    "漢", "🧬", "ß", "=", "-", ".", "NULL", "\\N", "0", "1e5", "c.68_69del", "rs80357906", "sep=;", "##x", "\ufffd",
]  # fmt: skip
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "cp1252"]
MARKS = {"utf-16-le": "\ufeff", "utf-16-be": "\ufeff"}
LINE_ENDS = ["\n", "\r\n", "\r"]


@dataclass(frozen=True)
class Written:
    """A table and how it is written down."""

    rows: list[list[str | None]]  # None is nothing between two delimiters, "" an empty text in quotes
    delimiter: str
    quote: str  # "" where nothing is quoted
    escape: str  # "": a quote inside quotes is doubled
    line_end: str
    always: bool  # every text is in quotes
    encoding: str = "utf-8"
    last_end: bool = True

    @property
    def width(self) -> int:
        return len(self.rows[0])

    @property
    def names(self) -> list[str]:
        return [f"name{n}" for n in range(self.width)]

    def record(self, row: list[str | None]) -> str:
        return self.delimiter.join(map(self.cell, row))

    def cell(self, text: str | None) -> str:
        if text is None:
            return ""
        if not self.quote or not (self.always or self._needs_quotes(text)):
            return text
        inside = text.replace("\\", "\\\\") if self.escape else text
        return self.quote + inside.replace(self.quote, (self.escape or self.quote) + self.quote) + self.quote

    def _needs_quotes(self, text: str) -> bool:
        marks = {*self.delimiter, self.quote, "\n", "\r"}
        return not text.strip(" \t") or any(mark in text for mark in marks)

    @property
    def text(self) -> str:
        text = self.line_end.join([self.delimiter.join(self.names), *map(self.record, self.rows)])
        return text + self.line_end if self.last_end else text

    @property
    def data(self) -> bytes:
        return (MARKS.get(self.encoding, "") + self.text).encode(self.encoding)

    @property
    def lines(self) -> list[int]:
        """The physical line of each row."""
        lines, line = [], 2
        for row in self.rows:
            lines.append(line)
            line += 1 + sum(len(line_starts(f"{cell}x".encode(), "utf-8")) - 2 for cell in row if cell)
        return lines

    @property
    def is_ambiguous(self) -> bool:
        """Whether the lines of a record are rows each by themselves: then nobody can tell, and they are taken for rows."""
        if self.width < 2 or not self.quote:
            return False
        for row in self.rows:
            parts = self.record(row).replace("\r", "\n").split("\n")
            if len(parts) > 1 and all(part.count(self.delimiter) >= self.width - 1 for part in parts):
                return True
        return False


def texts(encoding: str = "utf-8") -> st.SearchStrategy[str]:
    """Any text without NUL that the encoding can write."""
    codec = "cp1252" if encoding == "cp1252" else "utf-8"
    fitting = [piece for piece in SPECIAL if _fits(piece, codec)]
    piece = st.sampled_from(fitting) | st.characters(codec=codec, exclude_characters="\0")
    return st.lists(piece, max_size=5).map("".join)


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


@st.composite
def written(
    draw: st.DrawFn, *, encodings: list[str] = ENCODINGS, escapes: tuple[str, ...] = ("",), most_rows: int = 5
) -> Written:
    """A table in a dialect that can express it."""
    encoding = draw(st.sampled_from(encodings))
    delimiter = draw(st.sampled_from([d for d in DELIMITERS if _fits(d, encoding)] + [",", "\t"] * 4))
    quote = draw(st.sampled_from(['"', '"', '"', "'", "`", ""]).filter(lambda mark: mark != delimiter))
    width = draw(st.integers(1, 4) | st.integers(1, 30))
    cells = texts(encoding)
    if not quote:
        banned = {*delimiter, "\n", "\r"}
        cells = cells.map(lambda text: "".join(c for c in text if c not in banned))
        cells = cells.map(lambda text: text if text.strip(" \t") else "x") if width == 1 else cells
    if delimiter == " ":  # two of them are one, or a cell of nothing: for the reader to guess
        cells = cells.map(lambda text: " ".join(text.split()) or "x")
    nothing = st.just(None) if width > 1 and delimiter != " " else st.nothing()
    row = st.lists(
        (nothing | cells).map(lambda text: text or (None if not quote else text)), min_size=width, max_size=width
    )
    return Written(
        rows=draw(st.lists(row, min_size=1, max_size=most_rows)),
        delimiter=delimiter,
        quote=quote,
        escape=draw(st.sampled_from(escapes)) if quote else "",
        line_end=draw(st.sampled_from(LINE_ENDS)),
        always=draw(st.booleans()),
        encoding=encoding,
        last_end=draw(st.booleans()),
    )
