"""Query parameters, read strictly: what is not understood is said, never dropped."""

import datetime
from collections.abc import Mapping

from project.common.problems import BadQuery


def whole_number(params: Mapping[str, str], name: str, *, default: int, least: int = 0, most: int | None = None) -> int:
    """The whole number in `params[name]`. Raises BadQuery naming the parameter and the allowed range."""
    text = params.get(name, "")
    if text == "":
        return default
    # int() alone would take "1_000", " 5 " and digits of other scripts.
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise BadQuery({name: f"{text!r} is not a whole number."})
    value = int(text)
    if value < least or (most is not None and value > most):
        upper = f" to {most:,}" if most is not None else " or more"
        raise BadQuery({name: f"{value} is out of range: {least}{upper}."})
    return value


def one_of(params: Mapping[str, str], name: str, choices: tuple[str, ...] | list[str], *, default: str = "") -> str:
    """One of `choices`, or `default` where the parameter is missing or empty."""
    text = params.get(name, "")
    if text and text not in choices:
        raise BadQuery({name: f"{text!r} is not one of {', '.join(choices)}."})
    return text or default


def several(params: Mapping[str, str], name: str, choices: tuple[str, ...] | list[str] | None = None) -> list[str]:
    """The values of a parameter that may be repeated or hold a comma list. Raises BadQuery for one not in `choices`."""
    texts = params.getlist(name) if hasattr(params, "getlist") else [params.get(name, "")]
    found = [value for text in texts for value in (one.strip() for one in text.split(",")) if value]
    for value in found:
        if choices is not None and value not in choices:
            raise BadQuery({name: f"{value!r} is not one of {', '.join(choices)}."})
    return found


def flag(params: Mapping[str, str], name: str) -> bool:
    """True for 1/true/yes, False for 0/false/no and nothing."""
    text = params.get(name, "").lower()
    if text not in {"", "0", "1", "true", "false", "yes", "no"}:
        raise BadQuery({name: f"{text!r} is neither true nor false."})
    return text in {"1", "true", "yes"}


def day(params: Mapping[str, str], name: str) -> datetime.date | None:
    """An ISO 8601 calendar day."""
    text = params.get(name, "")
    try:
        return datetime.date.fromisoformat(text) if text else None
    except ValueError:
        raise BadQuery({name: f"{text!r} is not a date such as 2024-12-15."}) from None


def refuse_nul(params: Mapping[str, str]) -> None:
    """PostgreSQL knows no NUL in a text. Raises BadQuery that names the parameters."""
    values = {name: params.getlist(name) if hasattr(params, "getlist") else [params[name]] for name in params}
    if names := [
        name for name, texts in values.items() if any("\0" in text for text in texts if isinstance(text, str))
    ]:
        raise BadQuery(dict.fromkeys(names, "A NUL character is no part of a question."))
