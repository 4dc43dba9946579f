"""Writes a table as text in any dialect, also where it is a bad one."""

from dataclasses import dataclass

from tools.robustness.tables import Table


@dataclass(frozen=True)
class Style:
    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'  # before a quote in a quoted cell: the quote once more, or a backslash
    end: str = "\n"
    all_quoted: bool = False
    encoding: str = "utf-8"
    mark: bytes = b""  # the byte-order mark

    def cell(self, text: str) -> str:
        needs = any(odd in text for odd in (self.delimiter, self.quote, "\n", "\r")) or text != text.strip()
        if not needs and not self.all_quoted:
            return text
        return self.quote + text.replace(self.quote, self.escape + self.quote) + self.quote

    def line(self, cells: list[str]) -> str:
        return self.delimiter.join(map(self.cell, cells))

    def lines(self, table: Table) -> list[str]:
        """The records without their ends; the first is the header."""
        return [self.line(row) for row in [table.header, *table.rows]]

    def file(self, lines: list[str], *, last_end: bool = True) -> bytes:
        text = self.end.join(lines) + (self.end if last_end else "")
        return self.mark + text.encode(self.encoding)


CSV = Style()
