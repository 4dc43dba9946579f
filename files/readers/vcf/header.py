"""The header of a VCF: its definitions, and its lines as written."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

FIXED = ["CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
TYPES = ("Integer", "Float", "Flag", "Character", "String")
VERSIONS = ("VCFv4.0", "VCFv4.1", "VCFv4.2", "VCFv4.3", "VCFv4.4", "VCFv4.5")
DEFINING = {"INFO": "info", "FORMAT": "format", "FILTER": "filter", "contig": "contig", "ALT": "alt"}
HINTS = ("assembly", "reference", "genome-build", "genome_build", "referenceBuild")
NAMES_LINE = re.compile(r"#?CHROM(\t| +)POS(\t| +|$)", re.IGNORECASE)

Warn = Callable[[str, str, int], None]  # kind, sentence, line

_META = re.compile(r"##([^=]+)=(.*)", re.DOTALL)
# Possessive where one character is repeated, since a header may be 64 MB of blanks; not groups (test_patterns.py).
_KEY = r'\s*+([^=,"<>\s]++(?:\s++[^=,"<>\s]++)*)\s*+=\s*+'
_BARE = r'\[[^\]]*+\]|[^,"]*+'
_ITEM = re.compile(rf'{_KEY}("[^"\\]*+(?:\\.[^"\\]*+)*"|{_BARE})\s*+(,|$)', re.DOTALL)
# Quotes inside that nobody escaped, a backslash before the last one: it ends where the next key or the end comes.
_BEHIND = r"\s*+(?:$|,\s*+[\w.]++\s*+=)"  # what tells a closing quote from one inside
_LOOSE_ITEM = re.compile(rf'{_KEY}("[^"]*+(?:"(?!{_BEHIND})[^"]*+)*"(?={_BEHIND})|{_BARE})\s*+(,|$)', re.DOTALL)
_OLD_STYLE = re.compile(r"([^,<>=]+),([^,]+),([^,]+),(.*)")  # VCF 3.3: ID,Number,Type,"Description"
_ESCAPED = re.compile(r'\\(["\\])')
_NUMBER = re.compile(r"\d{1,9}|[ARGP.]|LA|LR|LG|M")


@dataclass(frozen=True)
class Definition:
    """An INFO or FORMAT field. `number` and `type` are what may be relied on; odd ones became "." and String."""

    id: str
    number: str
    type: str
    description: str


@dataclass
class Header:
    """What stands above the data. `samples` are the names in the columns behind FORMAT, unique."""

    lines: list[str] = field(default_factory=list)
    fileformat: str | None = None
    reference: str | None = None
    hints: dict[str, None] = field(default_factory=dict)  # texts that may name the assembly, in their order
    info: dict[str, Definition] = field(default_factory=dict)
    format: dict[str, Definition] = field(default_factory=dict)
    filter: dict[str, str] = field(default_factory=dict)
    contig: dict[str, dict[str, Any]] = field(default_factory=dict)
    alt: dict[str, str] = field(default_factory=dict)
    other: list[dict[str, Any]] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)
    behind_info: list[str] = field(default_factory=list)  # column names behind INFO: FORMAT and the samples, as a rule
    has_names: bool = False  # whether there is a #CHROM line
    names_line: str = ""

    @property
    def version(self) -> tuple[int, int]:
        match = re.fullmatch(r"VCFv(\d)\.(\d)", self.fileformat or "")
        return (int(match[1]), int(match[2])) if match else (4, 2)

    @property
    def has_format(self) -> bool:
        return self.behind_info[:1] == ["FORMAT"]

    def as_dict(self) -> dict[str, Any]:
        return {
            "fileformat": self.fileformat,
            "reference": self.reference,
            "assembly_hints": list(self.hints),
            "lines": self.lines,
            "info": [vars(definition) for definition in self.info.values()],
            "format": [vars(definition) for definition in self.format.values()],
            "filter": [{"id": name, "description": text} for name, text in self.filter.items()],
            "contig": list(self.contig.values()),
            "alt": [{"id": name, "description": text} for name, text in self.alt.items()],
            "samples": self.samples,
            "other": self.other,
        }


def structured(value: str, item: re.Pattern[str] = _ITEM) -> dict[str, str] | None:
    """`<ID=x,Description="a \\"b\\", c">` as keys and values without quotes and escapes; None where it is not that."""
    if not (value.startswith("<") and value.rstrip().endswith(">")):
        return None
    body = value.rstrip()[1:-1]
    items: dict[str, str] = {}
    at = 0
    while at < len(body):
        match = item.match(body, at)
        if not match:
            return None
        text = match[2]
        if text.startswith('"'):
            text = _ESCAPED.sub(r"\1", text[1:-1])
        items.setdefault(match[1], text)
        at = match.end()
    return items


class HeaderReader:
    """Takes the lines above the data one by one; says by `warn` what is wrong with them. Nothing here fails a file."""

    def __init__(self, warn: Warn):
        self.header = Header()
        self._warn = warn

    def take(self, number: int, line: str) -> None:
        """A line that begins with `#`, without its line end; or the line of column names, whatever it begins with."""
        if "\0" in line:
            self._warn("NUL in the header", "A line of the header holds NUL bytes; they are shown as \ufffd.", number)
            line = line.replace("\0", "\ufffd")
        self.header.lines.append(line)
        if NAMES_LINE.match(line):
            self._take_names(number, line)
        elif not line.startswith("##"):
            self._warn(
                "odd header line", "A line above the data begins with one # but does not name the columns.", number
            )
        else:
            self._take_meta(number, line)

    def _take_meta(self, number: int, line: str) -> None:
        match = _META.fullmatch(line.rstrip())
        if not match:
            self._warn("odd header line", "A line of the header is not of the form ##key=value.", number)
            return
        key, value = match[1].strip(), match[2]
        if key == "fileformat":
            self._take_fileformat(number, value)
        elif key in DEFINING:
            self._define(number, key, value)
        else:
            entry: dict[str, Any] = {"key": key, "value": value}
            if items := structured(value):
                entry["fields"] = items
            elif value.startswith("<"):
                self._warn("odd header line", "The <...> of a header line cannot be taken apart.", number)
            self.header.other.append(entry)
            if key == "reference":
                self.header.reference = self.header.reference or value
            if key in HINTS:
                self._hint(value)

    def _hint(self, value: str) -> None:
        if value:
            self.header.hints[value] = None

    def _take_fileformat(self, number: int, value: str) -> None:
        if self.header.fileformat is not None:
            self._warn("fileformat", "##fileformat stands in the header more than once; the first counts.", number)
            return
        self.header.fileformat = value
        if value not in VERSIONS:
            self._warn("fileformat", f"##fileformat is {value[:40]!r}; it was read like VCF 4.", number)
        elif number != 1:
            self._warn("fileformat", "##fileformat is not the first line.", number)

    def _define(self, number: int, key: str, value: str) -> None:
        items = structured(value)
        if items is None and key in ("INFO", "FORMAT") and (old := _OLD_STYLE.fullmatch(value)):
            items = dict(zip(("ID", "Number", "Type", "Description"), old.groups(), strict=True))
            items["Description"] = items["Description"].strip().removeprefix('"').removesuffix('"')
            self._warn("odd header line", f"A {key} definition is written as in VCF 3.", number)
        elif items is None and (items := structured(value, _LOOSE_ITEM)):
            self._warn("odd header line", f"A {key} definition holds quotes that are not escaped.", number)
        if not items or not items.get("ID"):
            self._warn("odd header line", f"A {key} definition cannot be taken apart, or has no ID.", number)
            self.header.other.append({"key": key, "value": value})
            return
        name = items["ID"]
        known: dict[str, Any] = getattr(self.header, DEFINING[key])
        if name in known:
            self._warn("defined twice", f"{key} {name[:60]} is defined more than once; the first counts.", number)
        elif key == "contig":
            known[name] = _contig(items)
            self._hint(items.get("assembly", ""))
        elif key in ("INFO", "FORMAT"):
            known[name] = self._field(number, key, items)
        else:
            known[name] = items.get("Description", "")

    def _field(self, number: int, key: str, items: dict[str, str]) -> Definition:
        name, how_many, kind = items["ID"], items.get("Number", ""), items.get("Type", "")
        if not _NUMBER.fullmatch(how_many):
            self._warn(
                "odd definition", f"{key} {name[:60]} has Number={how_many[:20]!r}; taken as any number.", number
            )
            how_many = "."
        if kind not in TYPES or (kind == "Flag" and key == "FORMAT"):
            self._warn("odd definition", f"{key} {name[:60]} has Type={kind[:20]!r}; taken as text.", number)
            kind = "String"
        if (kind == "Flag") != (how_many == "0"):
            self._warn("odd definition", f"{key} {name[:60]} has Type={kind} and Number={how_many}.", number)
            how_many = "0" if kind == "Flag" else "."
        return Definition(name, how_many, kind, items.get("Description", ""))

    def _take_names(self, number: int, line: str) -> None:
        names = line.lstrip("#").split("\t")
        if len(names) < 8 and len(line.split()) >= 8:
            names = line.lstrip("#").split()
            self._warn("spaces for tabs", "The column names are separated by spaces where tabs belong.", number)
        if self.header.has_names:
            self._warn("column names", "The column names stand above the data twice; the last ones count.", number)
        if not line.startswith("#"):
            self._warn("column names", "The line of column names does not begin with #.", number)
        while names and not names[-1].strip():
            names.pop()
            self._warn("column names", "The line of column names ends with tabs or spaces.", number)
        if [name.upper() for name in names[:8]] != FIXED:
            self._warn(
                "column names", "The first eight columns are not named CHROM POS ID REF ALT QUAL FILTER INFO.", number
            )
        if len(names) > 8 and names[8] != "FORMAT":
            self._warn("column names", f"The ninth column is {names[8][:60]!r} where FORMAT belongs.", number)
        self.header.has_names, self.header.names_line = True, line
        self._name_columns(names[8:], number)

    def _name_columns(self, names: list[str], number: int) -> None:
        renamed = unique([name.strip() or f"sample_{place}" for place, name in enumerate(names)])
        if renamed != names:
            self._warn("sample names", "Sample names are empty or repeated; they were numbered.", number)
        self.header.behind_info = renamed
        self.header.samples = renamed[1:] if self.header.has_format else []

    def finish(self, number: int, behind_info: int) -> Header:
        """`number` is the first data line, which has `behind_info` cells behind INFO: more than are named, maybe."""
        header = self.header
        if header.fileformat is None:
            self._warn("fileformat", "##fileformat is missing; the file was read like VCF 4.2.", 1)
        if not header.has_names:
            self._warn("column names", "The line #CHROM POS ID ... is missing; samples were numbered.", number)
        if behind_info > len(header.behind_info):
            if header.has_names:
                self._warn(
                    "sample names", f"{behind_info} cells stand behind INFO, but fewer columns are named.", number
                )
            named = header.behind_info or ["FORMAT"]
            extra = [f"sample_{place}" for place in range(len(named), behind_info)]
            self._name_columns([*named, *extra], number)
        return header


def _contig(items: dict[str, str]) -> dict[str, Any]:
    length = items.get("length", "")
    rest = {key: value for key, value in items.items() if key not in ("ID", "length")}
    return {"id": items["ID"], "length": int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None} | rest


def unique(names: list[str]) -> list[str]:
    """The names, a repeated one with `_2`, `_3` ... behind it, but never called as another one is written."""
    out: list[str] = []
    taken, numbers, written = set[str](), dict[str, int](), set(names)
    for wanted in names:
        name = wanted
        while name in taken:
            numbers[wanted] = numbers.get(wanted, 1) + 1
            name = f"{wanted}_{numbers[wanted]}"
            if name in written:
                name = wanted
        taken.add(name)
        out.append(name)
    return out
