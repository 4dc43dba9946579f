"""What somebody asks of an import, from the API's body or the form: read in one place, the same for both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from files import mapping as mappings
from project.common.problems import BadQuery
from variants.models import ASSEMBLIES


@dataclass(frozen=True)
class Asked:
    """`mapping`: field -> column; None: as proposed. `assembly`: for rows that name none. `source`: who says so, for rows
    that do not name it. `label`: name of the load; the file's where empty. `base`: 0 or 1, what positions count from;
    None: as the rows tell. `insist`: the assembly is right although names in the file say otherwise."""

    mapping: dict[str, str | None] | None = None
    assembly: str = ""
    source: str = ""
    label: str = ""
    base: int | None = None
    insist: bool = False


def from_body(body: Any) -> Asked:
    """From a JSON object. Raises BadQuery."""
    body = body if isinstance(body, Mapping) else {}
    return Asked(
        mapping=_mapping(body.get("mapping")), assembly=checked_assembly(_text(body, "assembly")),
        source=_text(body, "source").strip()[:200], label=_text(body, "label").strip()[:300], base=_base(body.get("base")),
        insist=_insist(body.get("insist")),
    )  # fmt: skip


def from_form(sent: Mapping[str, str]) -> Asked:
    """From the form of a file's page. Raises BadQuery."""
    mapping = {field: sent.get(f"map_{field}") or None for field in mappings.LABELS}
    return from_body({name: value for name, value in sent.items() if name in FORM_FIELDS} | {"mapping": mapping})


FORM_FIELDS = ("assembly", "source", "base", "insist")


def checked_assembly(text: str | None) -> str:
    if text and text not in ASSEMBLIES:
        raise BadQuery({"assembly": f"{text!r} is not one of {', '.join(ASSEMBLIES)}."})
    return text or ""


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise BadQuery({name: "This must be text."})
    if value and "\0" in value:
        raise BadQuery({name: "A NUL character is no part of a text."})
    return value or ""


def _base(value: Any) -> int | None:
    if value in (None, ""):
        return None
    if isinstance(value, bool) or str(value) not in ("0", "1"):
        raise BadQuery({"base": "Positions count from 0 or from 1; leave it out to let the rows tell."})
    return int(value)


def _insist(value: Any) -> bool:
    if value not in (None, "", False, True, "true", "false", "1", "0"):
        raise BadQuery({"insist": "This must be true or false."})
    return value in (True, "true", "1")


def _mapping(value: Any) -> dict[str, str | None] | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not all(isinstance(v, str | None) for v in value.values()):
        raise BadQuery({"mapping": "This must be an object of field: column, both text."})
    return value
