"""What somebody asks of an import, from the API's body or the form: read in one place, the same for both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from django.utils.datastructures import MultiValueDict

from files import mapping as mappings
from files import sample_columns
from project.common.problems import BadQuery
from variants.models import ASSEMBLIES

MOST_SUPERSEDED = 100
FORM_FIELDS = ("assembly", "source", "base", "insist")  # read as the body of the API is


@dataclass(frozen=True)
class Asked:
    """`mapping`: field -> column; None: as proposed. `assembly`: for rows that name none. `source`: who says so, for rows
    that do not name it. `label`: name of the load; the file's where empty. `base`: 0 or 1, what positions count from;
    None: as the rows tell. `insist`: the assembly is right although names in the file say otherwise. `supersedes`: loads of
    earlier releases. `dry_run`: say what the import would do, and don't. `samples`: which columns tell of a row's sample,
    field -> column; None: as proposed."""

    mapping: dict[str, str | None] | None = None
    assembly: str = ""
    source: str = ""
    label: str = ""
    base: int | None = None
    insist: bool = False
    supersedes: Sequence[int] = ()
    dry_run: bool = False
    samples: dict[str, str | None] | None = None


def from_body(body: Any) -> Asked:
    """From a JSON object. Raises BadQuery."""
    body = body if isinstance(body, Mapping) else {}
    return Asked(
        mapping=_mapping(body.get("mapping")), assembly=checked_assembly(_text(body, "assembly")),
        source=_text(body, "source").strip()[:200], label=_text(body, "label").strip()[:300], base=_base(body.get("base")),
        insist=_flag(body, "insist"), supersedes=loads_named(body.get("supersedes")), dry_run=_flag(body, "dry_run"),
        samples=_mapping(body.get("samples"), "samples"),
    )  # fmt: skip


def from_form(sent: Mapping[str, str]) -> Asked:
    """From the form of a file's page. Raises BadQuery."""
    loads = sent.getlist("supersedes") if isinstance(sent, MultiValueDict) else []
    asked = {name: value for name, value in sent.items() if name in FORM_FIELDS}
    return from_body(
        asked
        | {
            "mapping": sent_mapping(sent),
            "samples": samples_sent(sent),
            "supersedes": loads,
            "dry_run": sent.get("dry_run") == "1",
        }
    )


def sent_mapping(sent: Mapping[str, str]) -> dict[str, str | None]:
    """Field -> column as the form's fields `map_...` say."""
    return {field: sent.get(f"map_{field}") or None for field in mappings.LABELS}


def samples_sent(sent: Mapping[str, str]) -> dict[str, str | None] | None:
    """The sample columns of the form; None where it had none to choose (a VCF)."""
    if not any(f"sample_{field}" in sent for field in sample_columns.LABELS):
        return None
    return {field: sent.get(f"sample_{field}") or None for field in sample_columns.LABELS}


def once_more(params: Mapping[str, Any], *, dry_run: bool) -> Asked:
    """What a job was asked, asked again."""
    known = {one.name: params[one.name] for one in fields(Asked) if one.name in params}
    return Asked(**known | {"dry_run": dry_run})


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


def loads_named(value: Any) -> list[int]:
    """The numbers of loads, from a list of numbers or texts. Raises BadQuery."""
    if value in (None, ""):
        return []
    texts = [str(load) for load in value] if isinstance(value, list) else ["not a list"]
    if not all(text.isascii() and text.isdecimal() and len(text) < 19 for text in texts):
        raise BadQuery({"supersedes": "This must be a list of the numbers of loads."})
    if len(texts) > MOST_SUPERSEDED:
        raise BadQuery({"supersedes": f"At most {MOST_SUPERSEDED} loads can be superseded at once."})
    return [int(text) for text in texts]


def _flag(body: Mapping[str, Any], name: str) -> bool:
    """True or false of JSON, or as a form spells it; left out or null: false."""
    value = body.get(name)
    if value not in (None, "", False, True, "true", "false", "1", "0"):
        raise BadQuery({name: "This must be true or false."})
    return value in (True, "true", "1")


def _mapping(value: Any, name: str = "mapping") -> dict[str, str | None] | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not all(isinstance(v, str | None) for v in value.values()):
        raise BadQuery({name: "This must be an object of field: column, both text."})
    return value
