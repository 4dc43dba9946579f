"""What was guessed about a text table, as people read it and as the file page shows it."""

from typing import Any

from files.readers.encoding import Encoding
from files.readers.findings import Findings
from files.readers.layout import Layout
from files.readers.source import Source


def describe(source: Source, encoding: Encoding, layout: Layout, quote: str, line_ends: str) -> dict[str, Any]:
    """How the file was read; JSON."""
    dialect = layout.dialect
    return {
        "compression": source.compression,
        "member": source.member,
        "members": [{"name": member.name, "size": member.size} for member in source.members],
        "encoding": encoding.name,
        "encoding_why": encoding.why,
        "delimiter": dialect.delimiter,
        "runs": dialect.runs,
        "quote": quote,
        "escape": dialect.escape or ("doubled" if quote else ""),
        "line_ends": line_ends,
        "header": layout.header_line is not None,
        "header_line": layout.header_line,
        "first_line": layout.first_line,
        "preamble": (layout.header_line or layout.first_line) - 1,
        "comment": dialect.comment,
        "tables": 1 + len(layout.other_tables),
    }


def warn_of_layout(
    findings: Findings,
    layout: Layout,
    encoding: Encoding | None,
    line_ends: str,
    unnamed: list[int],
    repeated: list[int],
    names: list[str],
    chosen_header: bool | None,
) -> None:
    """Says what was guessed or repaired before the first row was read. `encoding`: None where the format tells it."""
    header, before = layout.header_line, (layout.header_line or layout.first_line) - 1
    if encoding and encoding.why == "guess":
        message = f"The file is not UTF-8; it was read as {encoding.name}. If letters look wrong, read it with another encoding."
        if encoding.name == "utf-8":
            message = "The file is UTF-8 but for some bytes; lines with such bytes are rejected."
        findings.warn("encoding", message)
    if line_ends == "mixed":
        findings.warn("line_ends", "The lines of the file end in more than one way.")
    if before:
        what = (
            f"{before:,} lines before the table were skipped." if before > 1 else "A line before the table was skipped."
        )
        findings.warn("preamble", what, 1, before)
    for first, last, count in layout.other_tables:
        message = (
            f"Another table in the file was skipped; the largest was read. It stands in lines {first:,} to {last:,}."
        )
        findings.warn("other_tables", message, first, count)
    if layout.shifted:
        findings.warn(
            "header", "The header has one name fewer than the rows have cells: the first column has no name.", header
        )
    if layout.widened:
        findings.warn(
            "header", "Most rows have more cells than the header; the columns behind it have no names.", header
        )
    if layout.two_lines:
        findings.warn("header", "The header stands in two lines; the names of both were joined.", header)
    if header is None and not layout.list_of and chosen_header is not False:
        findings.warn("no_header", "No header was found; the columns are called by their places.", layout.first_line)
    elif unnamed and header is not None:
        findings.warn(
            "unnamed_columns", f"Columns without a name were called {_some(unnamed, names)}.", header, len(unnamed)
        )
    if repeated:
        message = f"Names that come more than once were changed to {_some(repeated, names)}."
        findings.warn("repeated_names", message, header, len(repeated))


def _some(places: list[int], names: list[str]) -> str:
    shown = ", ".join(names[place - 1] for place in places[:5])
    return shown + (f" and {len(places) - 5:,} more" if len(places) > 5 else "")
