"""What of a file's reading can be set in place of a guess, and reading it again so.

An option that is None is left to be guessed. `files.readers.choices.Choices` says what each of them means.
"""

import codecs
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db import transaction

from files.ingest import READ_TASK, queue_reading, refuse_while_in_work
from files.models import DataFile
from files.permissions import locked
from project.common.problems import BadQuery, Conflict
from project.core import jobs
from project.core.audit import record
from project.core.models import Job

# In the order in which a form asks for them.
OPTIONS = ("member", "encoding", "delimiter", "quote", "escape", "comment", "header", "header_line", "types")
SHEET = ["member", "header", "header_line", "types"]
OF_FORMAT = {
    "xlsx": SHEET, "xls": SHEET, "xlsb": SHEET, "ods": SHEET, "vcf": ["encoding"], "bcf": [],
    "parquet": ["types"], "jsonl": ["types"],
}  # fmt: skip
TYPES = ("text", "integer", "decimal", "boolean", "date")
ENCODINGS = {
    "utf-8": "UTF-8", "utf-16-le": "UTF-16 little-endian", "utf-16-be": "UTF-16 big-endian",
    "utf-32-le": "UTF-32 little-endian", "utf-32-be": "UTF-32 big-endian", "cp1252": "Windows-1252, Western Europe",
    "iso8859-15": "ISO 8859-15, Western Europe with €", "mac-roman": "Mac Roman", "cp437": "DOS 437, US",
    "cp850": "DOS 850, Western Europe", "cp1250": "Windows-1250, Central Europe", "iso8859-2": "ISO 8859-2, Central Europe",
    "cp852": "DOS 852, Central Europe", "cp1251": "Windows-1251, Cyrillic", "koi8-r": "KOI8-R, Cyrillic",
    "iso8859-5": "ISO 8859-5, Cyrillic", "cp866": "DOS 866, Cyrillic", "cp1253": "Windows-1253, Greek",
    "iso8859-7": "ISO 8859-7, Greek", "cp1254": "Windows-1254, Turkish", "iso8859-9": "ISO 8859-9, Turkish",
    "cp1255": "Windows-1255, Hebrew", "cp1256": "Windows-1256, Arabic", "cp1257": "Windows-1257, Baltic",
    "cp1258": "Windows-1258, Vietnamese", "cp874": "Windows-874, Thai", "cp932": "Shift JIS (Windows-932), Japanese",
    "euc_jp": "EUC-JP, Japanese", "gb18030": "GB 18030, Chinese", "big5": "Big5, Chinese", "cp949": "Windows-949, Korean",
}  # fmt: skip
ALIASES = {"ascii": "utf-8", "utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le", "iso8859-1": "cp1252"}
DELIMITERS = {
    ",": "comma ,", "\t": "tab", ";": "semicolon ;", "|": "pipe |", " ": "space", ":": "colon :", "": "none: one column",
}  # fmt: skip
QUOTES = {'"': 'double quote "', "'": "single quote '", "`": "backtick `", "": "none"}
ESCAPES = {"": "doubled only", "\\": "backslash \\"}
COMMENTS = {"#": "#", "##": "##", "//": "//", "%": "%", "--": "--", ";": ";", "!": "!", "": "none"}
WORDS = {
    "tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " ", "colon": ":", "none": "",
}  # fmt: skip
NO_CHARACTER = re.compile("[\0\ud800-\udfff]")  # JSON may say half of one; PostgreSQL keeps neither
LONGEST_MARK, LAST_LINE, MOST_TYPES = 10, 10**9, 16_384


def allowed() -> dict[str, list[tuple[str, str]]]:
    """Option -> (value, label) of what a form offers. Delimiters and comment marks may be others."""
    offered = {
        "encoding": ENCODINGS, "delimiter": DELIMITERS, "quote": QUOTES, "escape": ESCAPES, "comment": COMMENTS,
        "types": {kind: kind for kind in TYPES},
    }  # fmt: skip
    return {name: list(values.items()) for name, values in offered.items()}


def options_for(file: DataFile) -> list[str]:
    """Which options the format of the file knows; all of them for a text table and for what was never read."""
    return list(OF_FORMAT.get(file.format, OPTIONS))


def checked(sent: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were sent, each of its type. Raises BadQuery that names every field that is wrong."""
    found: dict[str, Any] = {}
    errors: dict[str, list[str] | str] = {}
    for name, value in sent.items():
        try:
            found[name] = None if value is None else _checker(name)(value)
        except ValueError as error:
            errors[name] = str(error)
    if errors := errors or _together(found):
        raise BadQuery(errors)
    return found


def _together(options: Mapping[str, Any]) -> dict[str, list[str] | str]:
    """What is wrong with options that are right one by one."""
    errors: dict[str, list[str] | str] = {}
    if options.get("header") is False and options.get("header_line") is not None:
        errors["header_line"] = "Without a header no line holds the column names: leave one of the two away."
    if options.get("quote") and options["quote"] in (options.get("delimiter") or ""):
        errors["quote"] = "The quote cannot be part of the delimiter."
    return errors


def from_form(fields: Mapping[str, str]) -> dict[str, Any]:
    """The options among the fields of a form, not checked yet; an empty field says nothing. Raises BadQuery."""
    sent: dict[str, Any] = {name: fields[name] for name in OPTIONS if fields.get(name)}
    truths = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if "header" in sent:
        sent["header"] = truths.get(sent["header"].lower(), sent["header"])
    if sent.get("header_line", "").isdecimal() and len(sent["header_line"]) < 12:
        sent["header_line"] = int(sent["header_line"])
    if "types" in sent:
        try:
            sent["types"] = json.loads(sent["types"])
        except ValueError:
            raise BadQuery({"types": 'Give the types as JSON, such as {"score": "decimal"}.'}) from None
    return sent


def merged(file: DataFile, sent: Mapping[str, Any]) -> dict[str, Any]:
    """The file's choices with what was sent in their place. Raises BadQuery."""
    changes = checked(sent)
    known = options_for(file)
    if strange := [name for name, value in changes.items() if name not in known and value is not None]:
        said = f"This does not apply to a file read as {file.format}; what does: {', '.join(known) or 'nothing'}."
        raise BadQuery(dict.fromkeys(strange, said))
    before = dict(file.choices)
    if changes.get("header") is False:  # the one says no to the other
        before.pop("header_line", None)
    elif changes.get("header_line") is not None and before.get("header") is False:
        before.pop("header")
    choices = {name: value for name, value in (before | changes).items() if value is not None and value != {}}
    if errors := _together(choices):
        raise BadQuery(errors)
    return choices


def read_again(file: DataFile, sent: Mapping[str, Any], *, by: Any) -> Job:
    """Queue a reading with these options. The rows of the reading from before are answered until it is over.

    A file that was never read whole is read for the first time. Raises BadQuery, and Conflict where the file is
    being read or imported, or is read so already.
    """
    with transaction.atomic():
        file = locked(file.pk)
        choices = merged(file, sent)
        refuse_while_in_work(file)
        if file.has_table and choices == file.choices:
            raise Conflict("Nothing changed: the file is read in this way already.")
        before, params = file.choices, {"choices": choices}
        if not file.has_table:  # its choices are these now, whatever comes of them; so is the import that was asked for
            file.choices = choices
            file.save(update_fields=["choices"])
            first = Job.objects.filter(kind="read", file_id=file.pk).first()
            params |= {name: first.params[name] for name in ("import",) if first and name in first.params}
        queue_reading(file)
        job = jobs.enqueue(
            READ_TASK, kind="read", title=f"Read {file.name} again", owner=by, file_id=file.pk, params=params,
            heavy=file.size > settings.HEAVY_BYTES,
        )  # fmt: skip
        record("file read again", file, by=by, before={"choices": before}, after={"choices": choices}, job=job.pk)
    return job


def choices_that_failed(file: DataFile) -> dict[str, Any] | None:
    """The options with which the file was to be read last, where its reading from before stayed instead."""
    last = Job.objects.filter(kind="read", file_id=file.pk).first()
    if not file.has_table or file.in_work or last is None or not last.did_not_succeed:
        return None
    choices = last.params.get("choices")
    return None if choices is None else dict(choices)


def _checker(name: str) -> Callable[[Any], Any]:
    if name not in OPTIONS:
        raise ValueError(f"There is no such option; there are {', '.join(OPTIONS)}.")
    return CHECKS[name]


def _text(value: Any, most: int = 1000) -> str:
    if not isinstance(value, str) or NO_CHARACTER.search(value):
        raise ValueError("This must be text, or null for a guess.")
    if len(value) > most:
        raise ValueError(f"This is longer than {most} characters.")
    return value


def _encoding(value: Any) -> str:
    try:
        name = codecs.lookup(_text(value)).name
    except LookupError:
        name = ""
    known = {codecs.lookup(encoding).name: encoding for encoding in ENCODINGS}
    if found := known.get(name) or ALIASES.get(name):
        return found
    raise ValueError(f"{value!r} is no encoding that can be read; such are {', '.join(ENCODINGS)}.")


def _delimiter(value: Any) -> str:
    text = _text(value)
    return _mark(WORDS.get(text, text), "a delimiter")


def _comment(value: Any) -> str:
    text = _text(value)
    return _mark("" if text == "none" else text, "a comment mark")


def _mark(text: str, what: str) -> str:
    if len(text) > LONGEST_MARK:
        raise ValueError(f"It has {len(text):,} characters; {what} has at most {LONGEST_MARK}.")
    if "\n" in text or "\r" in text:
        raise ValueError(f"A line end cannot be {what}: it ends the record.")
    return text


def _quote(value: Any) -> str:
    text = _text(value)
    text = "" if text == "none" else text
    if len(text) > 1:
        raise ValueError(f"A quote is one character, not {text!r}; an empty text says that there is none.")
    if text in ("\n", "\r", "\\"):
        raise ValueError("A line end or a backslash cannot be the quote.")
    return text


def _escape(value: Any) -> str:
    text = "" if value == "none" else _text(value)
    if text not in ESCAPES:
        raise ValueError(
            f"A quote inside quotes is doubled (an empty text) or follows a backslash; {text!r} is neither."
        )
    return text


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("This must be true or false, or null for a guess.")
    return value


def _line(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LAST_LINE:
        raise ValueError("This must be the number of a line, from 1.")
    return value


def _types(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or len(value) > MOST_TYPES:
        raise ValueError('This must be an object of column: type, such as {"score": "decimal"}.')
    for name, kind in value.items():
        if kind is not None and kind not in TYPES:
            raise ValueError(f"{kind!r}, said of {_text(name)!r}, is no type; types are {', '.join(TYPES)}.")
    return {_text(name, 100_000): kind for name, kind in value.items() if kind is not None}


CHECKS: dict[str, Callable[[Any], Any]] = {
    "member": _text, "encoding": _encoding, "delimiter": _delimiter, "quote": _quote, "escape": _escape,
    "comment": _comment, "header": _truth, "header_line": _line, "types": _types,
}  # fmt: skip
