"""The rows of a file as an HTML table.

Built here because a template loop costs 9 µs a cell, and `format_html` as much. So: f-strings, and every
value that comes from outside goes through `html.escape`.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from django.utils.safestring import SafeString

from files.store import Cut

NUMBER_TYPES = {"integer", "decimal"}  # of files.store; any other column stands left-aligned
LONGEST_CELL = 1_000  # characters sent to the browser; the rest is in the download and the API
HERE = ' class="is-here" aria-current="true"'


def rows_table(
    columns: Sequence[Mapping],
    rows: Iterable[tuple[int, Sequence[str | None]]],
    *,
    highlight_line: int | None = None,
) -> SafeString:
    """A file's rows, each with its line number; `highlight_line` marks the row that a claim points at.

    `columns`: {"name", "type"} and, as the title of its head, "description". Each row has `id="line-N"`. A null is an empty cell whose thin dash comes
    from CSS, so that copying gives nothing.
    """
    # The opening tags of each column, with a value and without: numbers stand right-aligned.
    tags = [
        ('<td class="n">', '<td class="n nil">') if column["type"] in NUMBER_TYPES else ("<td>", '<td class="nil">')
        for column in columns
    ]
    head = "".join(_head(column) for column in columns)
    body = "".join(
        f'<tr id="line-{line}"{HERE if line == highlight_line else ""}>'
        f'<th scope="row">{line:,}</th>{_cells(cells, tags)}</tr>'
        for line, cells in rows
    )
    return SafeString(
        f'<table class="ft" data-cells><thead><tr><th scope="col">Line</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _head(column: Mapping) -> str:
    """Text goes without saying; any other type stands beside the name, and a "mark" of what is to be seen of it."""
    css = ' class="n"' if column["type"] in NUMBER_TYPES else ""
    said = "" if column["type"] == "text" else f" <small>{escape(column['type'])}</small>"
    said += f' <small class="is-other">{escape(column["mark"])}</small>' if column.get("mark") else ""
    title = f' title="{escape(column["description"])}"' if column.get("description") else ""
    return f'<th scope="col"{css}{title}>{escape(column["name"])}{said}</th>'


def _cells(cells: Sequence[str | None], tags: Sequence[tuple[str, str]]) -> str:
    return "".join(
        f"{null}</td>" if text is None else f"{tag}{_shown(text)}</td>"
        for text, (tag, null) in zip(cells, tags, strict=True)
    )


def _shown(text: str) -> str:
    length = text.length if isinstance(text, Cut) else len(text)
    if length <= LONGEST_CELL:
        return escape(text)
    return f"{escape(text[:LONGEST_CELL])}… ({length:,} characters)"
