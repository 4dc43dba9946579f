"""Where a text table begins and which dialect it has, once a person said something of it."""

import re
from dataclasses import replace
from itertools import islice

from files.readers.choices import Choices
from files.readers.errors import NotATable
from files.readers.scan import Dialect
from files.readers.sniff import SEPARATOR, sniff

LINE_END = re.compile(r"\r\n|\n|\r")


def from_line(text: str, line: int | None, complete: bool) -> str:
    """What begins with this physical line, from 1. Raises NotATable where the text has no such line."""
    if line is None or line == 1:
        return text
    ends = [end.end() for end in islice(LINE_END.finditer(text), line - 1)]
    if line < 1 or len(ends) < line - 1 or ends[-1] == len(text):
        lines = len(ends) + (not ends or ends[-1] < len(text))
        where = f"the file has {lines:,} lines" if complete else "that is beyond the part in which they are looked for"
        raise NotATable(f"The column names cannot stand in line {line:,}: {where}.")
    return text[ends[-1] :]


def dialect_of(text: str, table: str, choices: Choices, complete: bool) -> Dialect:
    """The dialect of the table in `text`. Raises NotATable for a choice that no table can be read with."""
    delimiter, quote = choices.delimiter, choices.quote
    if delimiter and delimiter not in table:
        where = "in the file" if complete else "in the beginning of the file"
        raise NotATable(f"The delimiter {delimiter!r} does not occur {where}. Choose another, or none for one column.")
    if quote and len(quote) != 1:
        raise NotATable(f"A quote is one character, not {quote!r}.")
    if choices.escape not in (None, "", "\\"):
        raise NotATable(f"A quote inside quotes is doubled or follows a backslash; {choices.escape!r} is neither.")
    if delimiter is None and (said := SEPARATOR.match(text)):
        delimiter = said[1]
    found = sniff(table, delimiter=delimiter, quote=quote, escape=choices.escape)
    return replace(found, quote_always=bool(choices.delimiter and choices.quote))
