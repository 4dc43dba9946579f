"""Our own damaged files: every clean table, damaged in every way that makes sense for it, at places told by a seed.

Three groups as Pollock has them: `own/file`, where a whole file is written in an odd way and nothing is lost; `own/row`,
where one record of a good file is broken; `own/real`, which look as instruments and spreadsheets write them.
"""

import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

from files.readers.names import column_names
from tools.robustness.case import Case, plain
from tools.robustness.reports import report_cases
from tools.robustness.tables import Table, tables
from tools.robustness.written import CSV, Style

SEEDS = (1, 2)  # places at which each table is damaged in each way that breaks a record


def own_cases() -> Iterator[Case]:
    for table in tables():
        yield from _whole_files(table)
        yield from _records(table)
    yield from report_cases()


def _case(
    group: str, name: str, data: bytes, table: Table, *, header: list[str] | None = None, rejects: int = 0
) -> Case:
    names = column_names(table.header if header is None else header)[0]
    rows = [plain(list(row)) for row in table.rows]
    return Case(f"own/{group}", name, data, rows=rows, header=names, rejects=rejects)


# --- the whole file is odd -----------------------------------------------------------------------------

STYLES = {
    "comma": CSV,
    "semicolon": Style(delimiter=";"),
    "tab": Style(delimiter="\t"),
    "bar": Style(delimiter="|"),
    "blank": Style(delimiter=" "),
    "comma_blank": Style(delimiter=", "),
    "blank_semicolon_blank": Style(delimiter=" ; "),
    "two_bars": Style(delimiter="||"),
    "unit_separator": Style(delimiter="\x1f"),
    "all_quoted": Style(all_quoted=True),
    "all_quoted_semicolon": Style(delimiter=";", all_quoted=True),
    "apostrophes": Style(quote="'", escape="'", all_quoted=True),
    "backslash": Style(escape="\\", all_quoted=True),
    "crlf": Style(end="\r\n"),
    "cr": Style(end="\r"),
    "latin_1": Style(encoding="cp1252"),
    "utf_8_mark": Style(mark=b"\xef\xbb\xbf"),
    "utf_16_le_mark": Style(encoding="utf-16-le", mark=b"\xff\xfe"),
    "utf_16_be_mark": Style(encoding="utf-16-be", mark=b"\xfe\xff"),
    "utf_16_le": Style(encoding="utf-16-le"),
    "utf_32_le_mark": Style(encoding="utf-32-le", mark=b"\xff\xfe\0\0"),
}


def _whole_files(table: Table) -> Iterator[Case]:
    for name, style in STYLES.items():
        if table.width == 1 and style.delimiter != ",":
            continue  # it would not come in the file
        yield _case("file", f"{table.name}/{name}", style.file(style.lines(table)), table)
    for name, damage in FILE_DAMAGES.items():
        yield _case("file", f"{table.name}/{name}", damage(table), table)
    trailing = CSV.file([line + "," for line in CSV.lines(table)])  # one column more, without a name and empty
    yield _case("file", f"{table.name}/trailing_delimiters", trailing, table, header=[*table.header, ""])
    padded = CSV.file(CSV.lines(table)) + bytes(512)  # as a disk leaves a file that was not finished
    yield _case("file", f"{table.name}/nul_padding", padded, table, rejects=1)
    yield _case("file", f"{table.name}/no_header", CSV.file(CSV.lines(table)[1:]), table, header=[])
    for count in (0, 1, 2, 3):
        few = table.with_rows(table.rows[:count])
        yield _case("file", f"{table.name}/rows_{count}", CSV.file(CSV.lines(few)), few)


def _mixed_ends(table: Table) -> bytes:
    ends = ["\n", "\r\n"]
    return "".join(line + ends[number % 2] for number, line in enumerate(CSV.lines(table))).encode()


def _with_lines(before: list[str], behind: list[str]) -> Callable[[Table], bytes]:
    return lambda table: CSV.file([*before, *CSV.lines(table), *behind])


def _blank_lines(table: Table) -> bytes:
    lines = CSV.lines(table)
    return CSV.file([lines[0], "", *lines[1:5], "", "", *lines[5:], "", ""])


def _header_again(table: Table) -> bytes:
    lines = CSV.lines(table)
    return CSV.file([*lines[:9], lines[0], *lines[9:]])


FILE_DAMAGES: dict[str, Callable[[Table], bytes]] = {
    "mixed_ends": _mixed_ends,
    "no_last_end": lambda table: CSV.file(CSV.lines(table), last_end=False),
    "title": _with_lines(["Export of the laboratory", ""], []),
    "preamble": _with_lines(["Laboratory 7", "Exported 2026-03-01 by the night shift", "Assembly GRCh38", ""], []),
    "hash_comments": _with_lines(["# written by caller 2.1", "# assembly=GRCh38, build 2"], ["# end of file"]),
    "footnotes": _with_lines([], ["", "* Not confirmed by a second method", "Source: internal register"]),
    "blank_lines": _blank_lines,
    "header_again": _header_again,
    "separator_line": lambda table: CSV.file(["sep=;", *replace(CSV, delimiter=";").lines(table)]),
}


# --- one record is broken ------------------------------------------------------------------------------

Broken = tuple[list[str], list[list[str]], int]  # the file's lines, the rows wanted, how many records to reject


def _records(table: Table) -> Iterator[Case]:
    for name, damage in ROW_DAMAGES.items():
        for seed in SEEDS:
            chance = random.Random(zlib.crc32(f"{table.name}/{name}/{seed}".encode()))
            broken = damage(table, chance)
            if broken is None:
                continue
            lines, rows, rejects = broken
            data = CSV.file(lines).replace(BAD_BYTE.encode(), b"\xff")
            yield _case("row", f"{table.name}/{name}_{seed}", data, table.with_rows(rows), rejects=rejects)


BAD_BYTE = "\ue000"  # stands for a byte that is no UTF-8 until the file is written


def _place(table: Table, chance: random.Random) -> int:
    """A row that is neither the first nor the last."""
    return chance.randrange(1, len(table.rows) - 1)


def _instead(table: Table, at: int, lines: list[str], rows: list[list[str]], rejects: int = 0) -> Broken:
    """Other lines, and other rows, in the place of row `at`."""
    written = CSV.lines(table)
    return [*written[: at + 1], *lines, *written[at + 2 :]], [*table.rows[:at], *rows, *table.rows[at + 1 :]], rejects


def _missing_cell(table: Table, chance: random.Random) -> Broken | None:
    if table.width < 3:
        return None
    at = _place(table, chance)
    row = table.rows[at][: -chance.randrange(1, table.width - 1)]
    return _instead(table, at, [CSV.line(row)], [row])


def _additional_cell(table: Table, chance: random.Random) -> Broken | None:
    if table.width == 1:
        return None
    at = _place(table, chance)
    return _instead(table, at, [CSV.line([*table.rows[at], "surplus"])], [], rejects=1)


def _trailing_delimiter(table: Table, chance: random.Random) -> Broken | None:
    if table.width == 1:
        return None  # there it is a character like others
    at = _place(table, chance)
    return _instead(table, at, [CSV.line(table.rows[at]) + ","], [table.rows[at]])


def _blank_row(table: Table, chance: random.Random) -> Broken:
    at = _place(table, chance)
    return _instead(table, at, [CSV.line(table.rows[at]), " "], [table.rows[at]])


def _quote_somewhere(where: str) -> Callable[[Table, random.Random], Broken | None]:
    """A quote that nobody closes, opens or doubles, in a cell without any. It is text: nothing else may be lost."""

    def damage(table: Table, chance: random.Random) -> Broken | None:
        plain_cells = [
            (at, place)
            for at, row in enumerate(table.rows[1:-1], start=1)
            for place, cell in enumerate(row)
            if len(cell) > 2 and all(CSV.cell(c) == c for c in row)
        ]
        if not plain_cells:
            return None
        at, place = chance.choice(plain_cells)
        cell = table.rows[at][place]
        middle = len(cell) // 2
        broken = {"open": '"' + cell, "close": cell + '"', "inside": cell[:middle] + '"' + cell[middle:]}[where]
        row = [*table.rows[at][:place], broken, *table.rows[at][place + 1 :]]
        return _instead(table, at, [",".join(row)], [row])

    return damage


def _unescaped_quotes(table: Table, chance: random.Random) -> Broken | None:
    """A quoted cell with a comma, and a word in quotes that are not doubled."""
    if table.width == 1:
        return None
    at = _place(table, chance)
    row = [*table.rows[at][:-1], 'called "likely" here, twice']
    return _instead(table, at, [CSV.line(row[:-1]) + ',"called "likely" here, twice"'], [row])


def _torn_line(table: Table, chance: random.Random) -> Broken | None:
    """A line end was lost, so that two rows stand in one line: nobody can tell where the second begins."""
    if table.width == 1:
        return None
    at = _place(table, chance)
    lines, rows, _ = _instead(table, at, [CSV.line(table.rows[at]) + CSV.line(table.rows[at + 1])], [])
    del lines[at + 2], rows[at]
    return lines, rows, 1


def _nul_byte(table: Table, chance: random.Random) -> Broken:
    at = _place(table, chance)
    line = CSV.line(table.rows[at])
    return _instead(table, at, [line[:2] + "\0" + line[2:]], [], rejects=1)


def _no_utf8(table: Table, chance: random.Random) -> Broken | None:
    if table.text.isascii():
        return None  # one odd byte in a file of ASCII says that it is Windows-1252
    at = _place(table, chance)
    line = CSV.line(table.rows[at])
    return _instead(table, at, [line[:2] + BAD_BYTE + line[2:]], [], rejects=1)


def _long_cell(table: Table, chance: random.Random) -> Broken:
    """Longer than the limits of other readers (131,072 characters for Python's csv)."""
    at = _place(table, chance)
    row = [*table.rows[at][:-1], "ACGT" * 50_000]
    return _instead(table, at, [CSV.line(row)], [row])


ROW_DAMAGES: dict[str, Callable[[Table, random.Random], Broken | None]] = {
    "missing_cell": _missing_cell,
    "additional_cell": _additional_cell,
    "trailing_delimiter": _trailing_delimiter,
    "blank_row": _blank_row,
    "open_quote": _quote_somewhere("open"),
    "close_quote": _quote_somewhere("close"),
    "quote_inside": _quote_somewhere("inside"),
    "unescaped_quotes": _unescaped_quotes,
    "torn_line": _torn_line,
    "nul_byte": _nul_byte,
    "no_utf8": _no_utf8,
    "long_cell": _long_cell,
}
