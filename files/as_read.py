"""How a file was read, in words: what was told from its bytes or chosen, what was left out, and whether it adds up."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from files.models import AnyReading
from files.read_options import ENCODINGS

LABELS = {
    "version": "Version", "member": "File in the archive", "sheet": "Sheet", "encoding": "Encoding", "delimiter": "Delimiter", "quote": "Quote",
    "escape": "Quote inside quotes", "runs": "Several delimiters in a row", "header": "Column names",
    "header_line": "Column names", "header_lines": "Header lines", "preamble": "Lines above the table",
    "comment": "Comments begin with", "comments": "Comment lines", "footnotes": "Lines below the table",
    "tables": "Tables in the file", "line_ends": "Line ends", "line_end": "Line ends", "compression": "Packing",
}  # fmt: skip
CHARACTERS = {
    "\t": "tab", ",": "comma ,", ";": "semicolon ;", "|": "pipe |", " ": "space", ":": "colon :", '"': 'double quote "',
    "'": "single quote '", "\\": "backslash \\",
}  # fmt: skip
NOTHING = {"compression": "none", "delimiter": "none: one column", "quote": "none"}
HIDDEN = ("members", "encoding_why", "first_line", "chosen")  # said elsewhere, or by another one
WHY = {"mark": "by its byte-order mark", "nul pattern": "by its NUL bytes"}
UNSAID = (
    "member",
    "runs",
    "escape",
    "preamble",
    "comment",
    "comments",
    "footnotes",
    "header_line",
    "header_lines",
    "version",
)
LINE_ENDS = {"LF": "LF (Unix)", "CRLF": "CR LF (Windows)", "CR": "CR (old Mac)", "MIXED": "mixed"}
# Kinds of warnings: those that say how many and where, those of no line, and those of what is not in the table.
SAY_HOW_MANY = {"preamble", "other_tables", "unnamed_columns", "repeated_names"}
OF_THE_FILE = {"header", "no_header", "no_rows", "line_ends", "zip", "sheets", "hidden", "misnamed", "marks"}
LOSSES = {"truncated", "other_tables"}
UNITS = {
    "padded": "rows", "quotes": "cells", "comments": "lines", "blank line": "lines", "cell_errors": "cells", "uncomputed": "cells", "merged": "ranges",
    "mangled_genes": "cells", "unlike_the_list": "lines", "surplus": "rows",
}  # fmt: skip
DEFINED = (("info", "INFO"), ("format", "FORMAT"), ("filter", "FILTER"), ("contig", "contig"), ("alt", "ALT"))
DEFINITIONS_SHOWN, LINES_SHOWN, SAMPLES_SHOWN = 200, 200, 200


def facts(file: AnyReading) -> list[dict[str, Any]]:
    """Label and value of everything that `reading` holds; what nobody named here stands under its own name.

    `is_chosen`: a person said so, it was not guessed.
    """
    found = []
    chosen = set(file.reading.get("chosen") or ())
    known = [name for name in LABELS if name in file.reading]
    for name in [*known, *(name for name in file.reading if name not in LABELS)]:  # PostgreSQL keeps no order
        value = file.reading[name]
        if name in HIDDEN or (name == "quote" and file.is_vcf):
            continue
        if name == "header" and value is True and file.reading.get("header_line"):
            continue  # the line says it
        if name == "header" and not value and file.format == "list":
            continue  # its one column is called by what the lines are
        if (value in (None, "", 0) or value is False) and name in UNSAID:
            continue
        if name == "tables" and value in (None, 0, 1):
            continue
        label = LABELS.get(name, name.replace("_", " ").capitalize())
        why = WHY.get(file.reading.get("encoding_why", "")) if name == "encoding" else None
        is_chosen = name in chosen or (name == "header_line" and "header" in chosen)
        found.append({
            "label": label, "value": phrase(name, value) + (f", {why}" if why else ""), "is_chosen": is_chosen,
        })  # fmt: skip
    if file.columns:
        found.append({"label": "Columns", "value": types_phrase(file.columns), "is_chosen": "types" in chosen})
    return found


def types_phrase(columns: Sequence[Mapping[str, Any]]) -> str:
    """How many columns of which type, the most common first: "20: 12 text, 5 integer, 3 date"."""
    counted = Counter(column["type"] for column in columns).most_common()
    return f"{len(columns):,}: " + ", ".join(f"{count:,} {kind}" for kind, count in counted)


def origin(file: AnyReading) -> str:
    """Who said how the file is to be read: a sentence for the page, empty where its format leaves nothing to guess."""
    if "delimiter" not in file.reading:
        return "Some of it was chosen." if file.reading.get("chosen") else ""
    if file.reading.get("chosen"):
        return "Guessed from the bytes, but for what is marked as chosen."
    return "Guessed from the bytes."


def phrase(name: str, value: Any) -> str:
    """A fact of a reading in words."""
    if name == "runs":
        return "count as one"
    if name == "header":
        return "in the first line" if value else "none; columns are numbered"
    if name == "header_line":
        return f"in line {value:,}" if isinstance(value, int) else str(value)
    if value is None or value == "":
        return NOTHING.get(name, "none")
    if name in ("line_ends", "line_end"):
        return LINE_ENDS.get(str(value).upper(), str(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if name == "encoding":
        return ENCODINGS.get(str(value), str(value)).partition(",")[0]
    return CHARACTERS.get(str(value), str(value))


def accounting(file: AnyReading) -> list[dict[str, Any]]:
    """records = rows + rejected + skipped, as the page adds it up."""
    rows, rejected, skipped = file.row_count or 0, file.rejected_count or 0, file.skipped_count
    return [
        {"name": "record" if rows + rejected + skipped == 1 else "records", "count": rows + rejected + skipped},
        {"name": "row" if rows == 1 else "rows", "count": rows},
        {"name": "rejected", "count": rejected},
        {"name": "skipped", "count": skipped},
    ]


def in_words(warnings: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Warnings of a reading, what was guessed or repaired: each sentence once, with how often and where first unless the sentence says so.

    What was left out unread (`is_loss`) comes first.
    """
    found = []
    for warning in warnings:
        kind, count = warning["kind"], warning["count"]
        says_it = kind in SAY_HOW_MANY
        found.append({
            "message": warning["message"], "is_loss": kind in LOSSES,
            "times": f"{count:,} {UNITS.get(kind, 'times')}" if count > 1 and not says_it else "",
            "line": None if says_it or kind in OF_THE_FILE else warning["first_line"],
        })  # fmt: skip
    return sorted(found, key=lambda warning: not warning["is_loss"])


def vcf_header(file: AnyReading) -> dict[str, Any] | None:
    """A VCF's definitions, samples and lines as the page shows them: the first ones of each, and how many there are."""
    header = file.header
    if not header:
        return None
    lines, samples = header.get("lines", []), header.get("samples", [])
    return {
        "definitions": [
            {"name": name, "count": len(header[kind]), "fields": (fields := _fields(header[kind])),
             "rows": [[one.get(field, "") for field in fields] for one in header[kind][:DEFINITIONS_SHOWN]],
             "left": max(0, len(header[kind]) - DEFINITIONS_SHOWN)}
            for kind, name in DEFINED if header.get(kind)
        ],
        "samples": samples[:SAMPLES_SHOWN], "sample_count": len(samples), "samples_left": max(0, len(samples) - SAMPLES_SHOWN),
        "lines": "\n".join(lines[:LINES_SHOWN]), "line_count": len(lines), "lines_left": max(0, len(lines) - LINES_SHOWN),
    }  # fmt: skip


def _fields(definitions: list[dict[str, Any]]) -> list[str]:
    """The keys that any of them has, in the order of the first that has them."""
    return list(dict.fromkeys(key for one in definitions[:DEFINITIONS_SHOWN] for key in one))
