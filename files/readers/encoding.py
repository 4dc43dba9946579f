"""Which encoding a text is in, told from a bounded sample."""

import codecs
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

from files.readers.errors import NotATable

SAMPLE = 256 * 1024
_BOMS = [
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
]
# Encodings of several bytes a character: only of these is a guess by charset-normalizer safer than Windows-1252.
_EAST_ASIAN = {
    "shift_jis",
    "cp932",
    "euc_jp",
    "gb18030",
    "gbk",
    "gb2312",
    "euc_kr",
    "cp949",
    "big5",
    "big5hkscs",
    "johab",
}
_WIDER = {"shift_jis": "cp932", "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949"}
_BROKEN = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|([\x80-\xff])"
)


@dataclass(frozen=True)
class Encoding:
    name: str  # as Python knows it
    mark: int = 0  # bytes of the byte-order mark
    why: str = "decodes"  # mark, nul pattern, decodes, guess, chosen

    @property
    def ascii_compatible(self) -> bool:
        """Whether a byte under 0x80 is always that ASCII character."""
        return self.name in ("utf-8", "ascii", "cp1252", "latin-1", "cp1251", "koi8-r")


def find_encoding(data: bytes, chosen: str | None = None) -> Encoding:
    """The encoding of a text that begins with `data`, which may be cut off within a character.

    A mark decides, then the pattern of NULs (UTF-16, UTF-32), then strict UTF-8. Text that is no UTF-8 but has more
    whole UTF-8 characters than broken ones stays UTF-8: its broken lines are rejected by name rather than every line
    misread. Else it may read as Cyrillic, charset-normalizer may find an East Asian encoding, and all that is left is
    Windows-1252.
    """
    mark, marked = next(((len(bom), name) for bom, name in _BOMS if data.startswith(bom)), (0, None))
    if chosen:
        name = known_encoding(chosen)
        same = marked is not None and marked.split("-")[:2] == name.split("-")[:2]
        return Encoding(marked or name if same else name, mark if same else 0, "chosen")
    if marked:
        return Encoding(marked, mark, "mark")
    if wide := _wide_by_nuls(data[:SAMPLE]):
        return Encoding(wide, 0, "nul pattern")
    if is_utf8(data):
        return Encoding("utf-8")
    return legacy_encoding(data)


def known_encoding(name: str) -> str:
    """The name as Python writes it. Raises NotATable where there is no such text encoding."""
    try:
        codecs.lookup(name)
        b"".decode(name)
    except LookupError as error:
        raise NotATable(f"There is no text encoding called {name!r}.") from error
    found = codecs.lookup(name).name
    aliases = {
        "utf-8-sig": "utf-8",
        "ascii": "utf-8",
        "iso8859-1": "cp1252",
        "utf-16": "utf-16-le",
        "utf-32": "utf-32-le",
    }
    return aliases.get(found, found)


def is_utf8(data: bytes) -> bool:
    """Whether it is strict UTF-8; a last character that is cut off may be."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def mostly_utf8(data: bytes) -> bool:
    """Whether more whole characters of several bytes stand in it than bytes that are none."""
    whole = broken = 0
    for found in _BROKEN.finditer(data):
        if found[1]:
            broken += 1
        else:
            whole += 1
    return whole > broken


def legacy_encoding(data: bytes) -> Encoding:
    """The encoding of text with bytes that are no UTF-8."""
    lines = [line for line in data[: 16 * SAMPLE].splitlines() if not line.isascii()]
    sample = b"\n".join(lines)[:SAMPLE]  # lines of ASCII say nothing and would drown the others
    if mostly_utf8(sample):
        return Encoding("utf-8", 0, "guess")
    if name := _cyrillic(sample):
        return Encoding(name, 0, "guess")
    if best := from_bytes(sample, cp_isolation=sorted(_EAST_ASIAN | {"cp1252"}), threshold=0.3).best():
        name = best.encoding
        if name in _EAST_ASIAN and _reads_as_east_asian(sample, wider := _WIDER.get(name, name)):
            return Encoding(wider, 0, "guess")
    return Encoding("cp1252", 0, "guess")


def _reads_as_east_asian(sample: bytes, name: str) -> bool:
    """Whether most of what is no ASCII is letters of those scripts, in runs: in Western text it would be single bytes."""
    text = sample.decode(name, "replace")
    strange = [c for c in text if c > "\x7f"]
    letters = sum("\u3000" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7a3" or "\uff00" <= c <= "\uffef" for c in strange)
    halves = sum("\uff61" <= c <= "\uff9f" for c in strange)  # one byte each, as the capitals of Western Europe are
    runs = len(re.findall(r"[\u3000-\u9fff\uac00-\ud7a3\uff00-\uffef]+", text))
    return letters > 0.9 * len(strange) and letters >= 1.5 * runs and halves <= letters / 2


def _cyrillic(sample: bytes) -> str | None:
    """The encoding in which most of what is no ASCII is Cyrillic words. Western accents stand alone among ASCII letters,
    and the two encodings read each other's small letters as capitals."""
    for name in ("cp1251", "koi8-r"):
        text = sample.decode(name, "replace")
        strange = sum(c > "\x7f" for c in text)
        words = re.findall(r"[\u0400-\u045f]+", text)
        letters = sum(map(len, words))
        small = sum(c.islower() for word in words for c in word)
        if letters > 0.9 * strange and letters >= 3 * len(words) and 2 * small > letters:
            return name
    return None


def _wide_by_nuls(data: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: in text with ASCII in it, NULs stand in every second place or three of four."""
    data = data[: len(data) // 4 * 4]
    if len(data) < 8 or b"\0" not in data:
        return None
    share = [data[place::4].count(0) / (len(data) // 4) for place in range(4)]
    patterns = {"utf-32-le": "0111", "utf-32-be": "1110", "utf-16-le": "0101", "utf-16-be": "1010"}
    for name, nuls in patterns.items():
        if all(found > 0.4 if nul == "1" else found < 0.05 for found, nul in zip(share, nuls, strict=True)):
            return name
    return None


def looks_like_text(data: bytes) -> bool:
    """Whether a file that begins so is text: NULs are for UTF-16 and UTF-32 only, a stray one is a broken line."""
    if not data.strip(b"\0"):
        return False
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _wide_by_nuls(data[:SAMPLE]):
        return True
    data = data.rstrip(b"\0")  # a disk pads with NULs what was not written to the end
    # 1 and 28 to 31 part the fields of some tables.
    strange = bytes([0, *range(2, 9), 11, *range(14, 27), 127])
    controls = len(data) - len(data.translate(None, strange))
    return controls <= max(len(data) // 100, 8 if len(data) > 200 else 4)


def _cp1252_rest(error: UnicodeError) -> tuple[str, int]:
    """Windows-1252 leaves five bytes without a character; browsers take them for control characters, and so do we."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("vardesk_cp1252", _cp1252_rest)


def decode(data: bytes, encoding: str) -> str:
    """Strictly; Windows-1252 knows every byte. Raises UnicodeDecodeError."""
    return data.decode(encoding, "vardesk_cp1252" if encoding == "cp1252" else "strict")
