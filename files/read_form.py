"""The form of "Read otherwise": its fields as a page shows them, and what a sent form says, as `read_options` takes it.

A select says "" for "guess", NONE for "there is none", OTHER for what stands in the box beside it, else the value itself;
a part that is called like one of these words has `=` before it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from django.http import QueryDict

from files import as_read
from project.common.params import whole_number
from project.common.problems import BadQuery

NONE, OTHER, YES, NO = "none", "other", "yes", "no"
LABELS = {
    "member": "Part of the file", "encoding": "Encoding", "delimiter": "Delimiter", "quote": "Quote",
    "escape": "Quote in quotes", "comment": "Comment mark", "header": "Header",
}  # fmt: skip
WITH_OTHER = ("delimiter", "quote", "comment")
MEMBERS_LISTED = 200  # of a zip or workbook; any other is typed in
TYPES_LISTED = 100  # with more columns those that change are named, since a list of 5,000 selects is no form
EMPTY_ROWS = 3
LONGEST = {"member": 1_000}  # characters in the box beside a select; 40 in the others


@dataclass
class Filled:
    """What the form holds: values of its selects, of the boxes beside them, and column -> type."""

    chosen: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    header_line: str = ""
    types: dict[str, str] = field(default_factory=dict)
    types_of: str = ""  # key of the columns that the sent form listed
    listed_full: bool = False  # no row was left in which one more column could be named


def from_choices(choices: Mapping[str, Any], listed: Mapping[str, Sequence[tuple[str, str]]]) -> Filled:
    """The form as it opens: what a person chose before; all else is left to the guess."""
    filled = Filled(types=dict(choices.get("types") or {}))
    for name in LABELS:
        value, known = choices.get(name), {value for value, _ in listed.get(name, ())[:MEMBERS_LISTED]}
        if value is None:
            continue
        if isinstance(value, bool):
            filled.chosen[name] = YES if value else NO
        elif value == "":
            filled.chosen[name] = NONE
        elif value in known:
            filled.chosen[name] = _marked(value)
        else:
            filled.chosen[name], filled.others[name] = OTHER, value
    if line := choices.get("header_line"):
        filled.chosen["header"], filled.header_line = YES, str(line)
    return filled


def from_post(sent: QueryDict) -> Filled:
    columns = [name.replace("\0", "") for name in sent.getlist("column")]
    return Filled(
        chosen={name: str(sent[name]) for name in LABELS if sent.get(name)},
        others={name: str(sent[f"{name}_other"]) for name in LABELS if sent.get(f"{name}_other")},
        header_line=sent.get("header_line", ""),
        types={name: kind for name, kind in zip(columns, sent.getlist("type"), strict=False) if name and kind},
        types_of=sent.get("types_of", ""),
        listed_full=all(columns),
    )


def options_of(filled: Filled, names: Iterable[str]) -> dict[str, Any]:
    """Every option in `names` as `read_options` takes it; None is "guess". Raises BadQuery by the name of the field."""
    found: dict[str, Any] = {}
    for name in names:
        if name == "types":
            found[name] = filled.types
        elif name == "header":
            found[name] = {YES: True, NO: False}.get(filled.chosen.get(name, ""))
        elif name == "header_line":
            found[name] = _header_line(filled)
        else:
            found[name] = _value(filled, name)
    return found


def _value(filled: Filled, name: str) -> str | None:
    value = filled.chosen.get(name, "")
    if value == OTHER:
        typed = filled.others.get(name, "")
        if not typed:
            raise BadQuery({name: "Type it in the box, or choose from the list."})
        return typed
    if value == NONE:
        return ""
    return (value[1:] if value[:1] == "=" and _marked(value) != value else value) or None


def _marked(value: str) -> str:
    """The value as an option of a select, where NONE and OTHER have a meaning of their own."""
    return f"={value}" if value.lstrip("=") in (NONE, OTHER) else value


def _header_line(filled: Filled) -> int | None:
    if filled.chosen.get("header") != YES or not filled.header_line:
        return None
    try:
        return whole_number({"header": filled.header_line}, "header", default=0, least=1)
    except BadQuery as error:
        raise BadQuery({"header": error.errors["header"]}) from None


def fields(
    filled: Filled, names: Sequence[str], listed: Mapping[str, Sequence[tuple[str, str]]],
    reading: Mapping[str, Any], errors: Mapping[str, list[str]],
) -> list[dict[str, Any]]:  # fmt: skip
    """The selects, each with the guess of `reading` as its first choice."""
    return [
        {
            "name": name, "label": LABELS[name], "guess": _guess(name, reading),
            "options": [
                {"value": value, "label": label, "is_selected": value == filled.chosen.get(name)}
                for value, label in _options(name, listed)
            ],
            "other": filled.others.get(name, "") if _has_other(name, listed) else None,
            "longest": LONGEST.get(name, 40), "line": filled.header_line if name == "header" else None,
            "error": " ".join([*errors.get(name, ()), *(errors.get("header_line", ()) if name == "header" else ())]),
        }
        for name in LABELS if name in names
    ]  # fmt: skip


def _has_other(name: str, listed: Mapping[str, Sequence[tuple[str, str]]]) -> bool:
    return name in WITH_OTHER or name == "member" and len(listed.get(name, ())) > MEMBERS_LISTED


def _options(name: str, listed: Mapping[str, Sequence[tuple[str, str]]]) -> list[tuple[str, str]]:
    if name == "header":
        return [(YES, "Yes, in line"), (NO, "No header")]
    found = [(_marked(value) or NONE, label) for value, label in listed.get(name, ())][:MEMBERS_LISTED]
    return [*found, (OTHER, "Other")] if _has_other(name, listed) else found


def _guess(name: str, reading: Mapping[str, Any]) -> str:
    """ "Guess: comma ,": what is guessed, where it is known; what was chosen hides it."""
    if name in (reading.get("chosen") or ()) or name not in reading:
        return "Guess"
    if name == "header" and reading.get("header_line"):
        return f"Guess: in line {reading['header_line']:,}"
    if name == "escape":
        return "Guess: " + (as_read.phrase(name, reading[name]) if reading[name] not in ("", "doubled") else "doubled")
    return f"Guess: {as_read.phrase(name, reading[name])}"


def types(
    filled: Filled, columns: Sequence[Mapping[str, Any]], kinds: Sequence[tuple[str, str]], errors: Mapping[str, list[str]]
) -> dict[str, Any]:  # fmt: skip
    """The types part of the form: a select for each of `columns`, or boxes to name those that change where there are many.

    `columns`: {"name", "type"}. `key` tells one set of columns from another; a chosen type hides what would be guessed.
    """
    is_wide = len(columns) > TYPES_LISTED
    names = [column["name"] for column in columns]
    rows = [
        {
            "name": column["name"], "value": filled.types.get(column["name"], ""),
            "guess": "" if column["name"] in filled.types else column["type"],
        }
        for column in columns
    ] if not is_wide else [
        {"name": name, "value": kind, "guess": ""} for name, kind in [*filled.types.items(), *[("", "")] * EMPTY_ROWS]
    ]  # fmt: skip
    key = crc32("\0".join(names).encode())
    count, changed = len(columns), sum(bool(row["value"]) for row in rows)
    return {
        "key": f"{key:08x}", "rows": rows, "is_wide": is_wide, "names": names if is_wide else [],
        "kinds": [{"value": value, "label": label} for value, label in kinds],
        "sentence": (f"{count:,} column{'' if count == 1 else 's'}" if count else "")
        + (f", {changed:,} chosen" if changed else ""),
        "is_open": bool(changed), "error": " ".join(errors.get("types", ())),
    }  # fmt: skip
