"""JSON text with its numbers as they are written: 1.0 stays 1.0, and no integer is too long."""

import json
import re
from json.encoder import encode_basestring
from typing import Any

MOST_VALUES = 1_000_000  # commas in a line: each value takes about 100 bytes of memory

# Text may begin so too; a document that begins so is JSON.
_OBJECT = re.compile(r'\s*\{\s*("([^"\\\n]|\\.)*"\s*:|\})')
_ARRAY = re.compile(r'\s*\[\s*(\{\s*["}]|\[|\]|"([^"\\\n]|\\.)*"\s*[,\]]\s*["\n])')


class Number(str):
    """A number as written."""


class NoObject(ValueError):
    """`kind` for counting, `reason` the whole story, `key` where one is to blame."""

    def __init__(self, kind: str, reason: str, key: str | None = None):
        super().__init__(reason)
        self.kind, self.reason, self.key = kind, reason, key


def looks_like_object(text: str) -> bool:
    return _OBJECT.match(text) is not None


def looks_like_array(text: str) -> bool:
    return _ARRAY.match(text) is not None


def cells_of(line: str) -> dict[str, str | None]:
    """Key -> cell of the object that a line holds. Raises NoObject.

    Texts are as they are, numbers as written, booleans `true` and `false`, null is None, and what is nested is
    compact JSON text.
    """
    if line.count(",") > MOST_VALUES:
        raise NoObject("too many values", f"The line holds more than {MOST_VALUES:,} values, which is the limit.")
    try:
        found = _DECODER.decode(line)
        if not isinstance(found, dict):
            raise NoObject("no JSON object", f"The line is {_named(found)}, not an object with names and values.")
        return {key: cell if cell.__class__ is str else _cell(cell) for key, cell in found.items()}
    except json.JSONDecodeError as error:
        raise NoObject("no JSON", f"The line is no JSON: {error.msg}, at character {error.pos + 1:,}.") from error
    except RecursionError as error:
        raise NoObject("nested too deep", "Lists or objects in the line are nested too deep to be read.") from error


def refuse_what_no_cell_holds(cells: dict[str, str | None]) -> None:
    """NUL and lone surrogates can only come from `\\u` in a line: asked where one has it. Raises NoObject."""
    for key, cell in cells.items():
        for text in (key, cell or ""):
            if "\0" in text:
                raise NoObject("NUL character", "A text holds a NUL character (\\u0000).", key.replace("\0", "\ufffd"))
            try:
                text.encode()
            except UnicodeEncodeError as error:
                shown = key.encode("utf-8", "replace").decode()
                reason = "A text holds one half of a surrogate pair (such as \\ud800), which is no character."
                raise NoObject("no character", reason, shown) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        key = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise NoObject("name twice in an object", f"The name {key[:100]!r} stands twice in one object.")
    return found


def _no_constant(name: str) -> Any:
    raise NoObject("no JSON", f"The line is no JSON: it has no {name}.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=Number, parse_int=Number, parse_constant=_no_constant
)


def _cell(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, Number):
        return str(value)
    return "".join(_written(value))


def _written(value: Any) -> list[str]:
    """Compact JSON, in pieces."""
    pieces: list[str] = []
    _write(value, pieces)
    return pieces


def _write(value: Any, pieces: list[str]) -> None:
    if isinstance(value, Number):
        pieces.append(value)
    elif isinstance(value, str):
        pieces.append(encode_basestring(value))
    elif isinstance(value, dict):
        mark = "{"
        for key, inner in value.items():
            pieces += (mark, encode_basestring(key), ":")
            _write(inner, pieces)
            mark = ","
        pieces.append("}" if value else "{}")
    elif isinstance(value, list):
        mark = "["
        for inner in value:
            pieces.append(mark)
            _write(inner, pieces)
            mark = ","
        pieces.append("]" if value else "[]")
    else:
        pieces.append({True: "true", False: "false", None: "null"}[value])


def _named(value: Any) -> str:
    if isinstance(value, Number):
        return "a number"
    return "a text" if isinstance(value, str) else "a list" if isinstance(value, list) else f"{_cell(value) or 'null'}"
