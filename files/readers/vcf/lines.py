"""The careful reading of one line: each rule by name, every finding said. patterns.py is the way of clean lines."""

import re
from collections.abc import Callable
from functools import lru_cache

from files.readers.findings import Findings
from files.readers.vcf import values
from files.readers.vcf.encoding import Decoder
from files.readers.vcf.header import Definition, Header
from files.readers.vcf.layout import TEXT, Layout

POS_LIMIT = 2**31 - 1  # of the format's 32-bit integers
ALTS_KEPT = 9  # lines of more ALT alleles are too rare to keep what their values look like
SHOWN = 60  # characters of a value in a sentence

_POS = re.compile(r"[0-9]{1,18}")
_BASES = re.compile(rf"{values.BASES}+")
_ODD_REF = re.compile(rf"{values.IUPAC}+|[*.-]")
_ALLELE = re.compile(values.ALLELE, re.ASCII)
_ODD_ALLELE = re.compile(
    # X: what samtools before 1.0 called an allele that it did not see.
    rf"[.Xx-]|{values.IUPAC}*<[^<>]+>{values.IUPAC}*|\.?{values.IUPAC}+\.?|[^<>\s\[\]]*[\[\]][^<>\s]*",
    re.ASCII,
)
_QUAL = re.compile(values.QUAL)
_GENOTYPE = re.compile(values.GENOTYPE)


class Unreadable(Exception):
    """A line that cannot be a row: the kind for counting, the whole reason, and the column."""

    def __init__(self, kind: str, reason: str, column: str | None = None):
        super().__init__(reason)
        self.kind, self.reason, self.column = kind, reason, column


@lru_cache(4096)
def _whole_value(definition: Definition, count: int | None, end: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(values.value_pattern(definition, count, end=end)).fullmatch


class LineReader:
    """Lines one by one into records of `layout.width` cells."""

    def __init__(self, header: Header, layout: Layout, findings: Findings, decoder: Decoder):
        self._header, self._layout, self._findings = header, layout, findings
        self._decoder = decoder
        self._flag = {key for key, definition in header.info.items() if definition.type == "Flag"}
        self._key_places = {key: at for at, key in enumerate(layout.keys)}
        self._line = 0
        self.padded = 0
        self.clean_formats: set[str] = set()  # FORMAT texts without a finding
        self._fits: dict[tuple[str, str, int], Callable[[str], re.Match[str] | None]] = {}
        self._known_formats: dict[str, list[tuple[str, str]]] = {}

    def read(self, line: int, offset: int, raw: bytes) -> bytes | None:
        """The record with its line end, or None where the line became a reject. `raw` has no line end."""
        self._line = line
        text = self.decode(line, raw)
        try:
            cells = self._cells(text)
        except Unreadable as error:
            self._findings.reject(line, offset, error.kind, error.reason, text, error.column)
            return None
        return "\t".join(cells).encode() + b"\n"

    def decode(self, line: int, raw: bytes) -> str:
        return self._decoder.decode(line, raw)

    def _warn(self, kind: str, sentence: str) -> None:
        self._findings.warn(kind, sentence, self._line)

    def _cells(self, text: str) -> list[str]:
        if "\0" in text:
            raise Unreadable("NUL byte", "The line holds a NUL byte: the file is damaged or no text.")
        if "\r" in text or "\n" in text:
            raise Unreadable("line end inside", "The line holds a carriage return that ends no line.")
        fields = self._fields(text)
        alts = self._check_fixed(fields)
        record = [""] * self._layout.width
        record[:7] = fields[:7]
        self._put_info(record, fields[7], alts)
        if len(fields) > 8:
            self._put_behind(record, fields[8:], alts)
        return record

    def _fields(self, text: str) -> list[str]:
        fields = text.split("\t")
        wanted = 8 + len(self._header.behind_info)
        if len(fields) == 1 and len(text.split()) == wanted:
            self._warn("spaces for tabs", "Columns are separated by spaces where tabs belong.")
            fields = text.split()
        while len(fields) > wanted and not fields[-1].strip():
            fields.pop()
            self._warn("tabs at the end", "Lines end with tabs that no column belongs to.")
        if len(fields) == 8 < wanted:
            self.padded += 1
            self._warn("no samples", "Lines stop behind INFO; their samples are empty.")
        elif len(fields) != wanted:
            many = "more" if len(fields) > wanted else "fewer"
            raise Unreadable(
                f"{many} columns than the header", f"The line has {len(fields)} columns, the header {wanted}."
            )
        return fields

    def _check_fixed(self, fields: list[str]) -> int:
        """Returns the number of ALT alleles; 0 where ALT is `.`."""
        chrom, pos, name, ref, alt, qual, passed = fields[:7]
        if not chrom or " " in chrom:
            raise Unreadable("bad CHROM", f"CHROM {chrom[:SHOWN]!r} is empty or holds a space.", "CHROM")
        self._check_pos(pos)
        if not _BASES.fullmatch(ref):
            if not _ODD_REF.fullmatch(ref):
                raise Unreadable("bad REF", f"REF {ref[:SHOWN]!r} is not a sequence of bases.", "REF")
            self._warn("odd REF", f"REF holds other letters than ACGTN, as in {ref[:SHOWN]!r}.")
        if not _QUAL.fullmatch(qual):
            self._warn_qual(qual)
        for column, text in (("ID", name), ("FILTER", passed)):
            if not text or " " in text:
                self._warn(f"odd {column}", f"{column} is empty or holds a space, as in {text[:SHOWN]!r}.")
        if passed == "0":
            self._warn("odd FILTER", "FILTER is 0, which is reserved.")
        return self._check_alt(alt)

    def _check_pos(self, pos: str) -> None:
        if not _POS.fullmatch(pos):
            raise Unreadable("bad POS", f"POS {pos[:SHOWN]!r} is not a whole number from 0.", "POS")
        if int(pos) > POS_LIMIT:
            self._warn("large POS", f"POS is larger than {POS_LIMIT:,}, the largest that the format allows.")

    def _check_alt(self, alt: str) -> int:
        if alt == ".":
            return 0
        alleles = alt.split(",")
        for allele in alleles:
            if not _ALLELE.fullmatch(allele):
                if not _ODD_ALLELE.fullmatch(allele):
                    raise Unreadable("bad ALT", f"ALT {allele[:SHOWN]!r} is not an allele.", "ALT")
                self._warn("odd ALT", f"ALT holds what the format does not know, as in {allele[:SHOWN]!r}.")
        return len(alleles)

    def _warn_qual(self, qual: str) -> None:
        if not values.ANY_QUAL.fullmatch(qual):
            self._warn("bad QUAL", f"QUAL is not a number, as in {qual[:SHOWN]!r}.")
        elif qual.startswith("-") and "n" not in qual.lower():
            self._warn("negative QUAL", f"QUAL is negative, as in {qual[:SHOWN]!r}.")

    def _put_info(self, record: list[str], info: str, alts: int) -> None:
        if info == ".":
            return
        if not info:
            self._warn("empty INFO", "INFO is empty where `.` belongs.")
            return
        others = []
        places, seen = self._layout.info, set()
        for item in info.split(";"):
            key, equals, value = item.partition("=")
            if not item:
                self._warn("empty INFO entry", "INFO holds a semicolon with nothing before or behind it.")
            elif key not in places:
                others.append(item)
                self._warn_of_no_column(key)
            elif key in seen:
                others.append(item)
                self._warn(
                    "repeated INFO", f"INFO names a key twice, as {key[:SHOWN]!r}; the second is in INFO.(other)."
                )
            elif key in self._flag and not equals:
                record[places[key]] = "true"
            elif not value:
                others.append(item)
                self._warn(
                    "INFO without value", f"INFO keys lack their value, as {key[:SHOWN]!r}; they are in INFO.(other)."
                )
            else:
                record[places[key]] = value
                self._check_info(key, value, alts)
            seen.add(key)
        record[self._layout.info_other] = ";".join(others)

    def _warn_of_no_column(self, key: str) -> None:
        if key in self._header.info:
            sentence = "The header declares more INFO keys than can have columns; the others are in INFO.(other):"
            self._warn("too many INFO keys", f"{sentence} {key[:SHOWN]!r} first.")
        else:
            sentence = "INFO keys that the header does not declare are in INFO.(other):"
            self._warn("undeclared INFO", f"{sentence} {key[:SHOWN]!r} first.")

    def _check_info(self, key: str, value: str, alts: int) -> None:
        if key in self._flag:
            self._warn("flag with a value", f"INFO flags have values, as in {key}={value[:SHOWN]!r}.")
        else:
            self._check_value("INFO", key, value, alts)

    def _check_value(self, where: str, key: str, value: str, alts: int) -> None:
        fits = self._fits.get((where, key, alts))
        if fits is None or not fits(value):
            self._check_value_slowly(where, key, value, alts)

    def _check_value_slowly(self, where: str, key: str, value: str, alts: int) -> None:
        known, end = (self._header.info, ";") if where == "INFO" else (self._header.format, ":")
        definition = known.get(key, TEXT)
        count = values.expected(definition, alts, self._header.version, in_info=where == "INFO")
        fits = _whole_value(definition, count, end)
        if alts <= ALTS_KEPT:
            self._fits[where, key, alts] = fits
        if fits(value):
            return
        key = key[:SHOWN]
        if count is not None and _whole_value(definition, None, end)(value):
            found = value.count(",") + 1
            self._warn(
                f"{where} number {key}",
                f"{where} {key} has another number of values than Number={definition.number} asks for,"
                f" as {found} in {value[:SHOWN]!r}.",
            )
        else:
            self._warn(
                f"{where} type {key}", f"{where} {key} is not of Type={definition.type}, as in {value[:SHOWN]!r}."
            )

    def _put_behind(self, record: list[str], behind: list[str], alts: int) -> None:
        layout = self._layout
        if "" in behind:
            self._warn("empty cell", "FORMAT or a sample is empty where `.` belongs.")
        if layout.has_format:
            self._check_format(behind[0])
        if not layout.split:
            record[layout.behind : layout.behind + len(behind)] = behind
            return
        record[layout.behind] = behind[0]
        keys = behind[0].split(":") if behind[0] not in (".", "") else []
        for number, text in enumerate(behind[1:]):
            self._put_sample(record, number, keys, text, alts)

    def _check_format(self, text: str) -> None:
        """Warns of each line's FORMAT; what is wrong with a text is found out once."""
        wrong = self._known_formats.get(text)
        if wrong is None:
            wrong = list(self._wrong_with_format(text))
            if len(self._known_formats) < 10_000:
                self._known_formats[text] = wrong
                if not wrong:
                    self.clean_formats.add(text)
        for kind, sentence in wrong:
            self._warn(kind, sentence)

    def _wrong_with_format(self, text: str) -> list[tuple[str, str]]:
        if text in (".", ""):
            return []
        keys, wrong = text.split(":"), []
        if not all(values.FORMAT_KEY.fullmatch(key) for key in keys):
            wrong.append(("odd FORMAT", f"FORMAT is not a list of names between colons, as in {text[:SHOWN]!r}."))
        if "GT" in keys[1:]:
            wrong.append(("GT not first", f"GT is not the first key of FORMAT, as in {text[:SHOWN]!r}."))
        if len(set(keys)) < len(keys):
            wrong.append(("repeated FORMAT", f"FORMAT names a key twice, as in {text[:SHOWN]!r}."))
        if undeclared := [key for key in keys if key not in self._header.format]:
            first = undeclared[0][:SHOWN]
            wrong.append(
                ("undeclared FORMAT", f"FORMAT keys are used that the header does not declare: {first!r} first.")
            )
        return wrong

    def _put_sample(self, record: list[str], number: int, keys: list[str], text: str, alts: int) -> None:
        layout = self._layout
        if not keys and text in (".", ""):
            return
        first = layout.behind + 1 + number * len(layout.keys)
        found = text.split(":")
        others = []
        if len(found) > len(keys):
            self._warn(
                "more values than FORMAT", f"A sample has more values than FORMAT has keys, as in {text[:SHOWN]!r}."
            )
            others.append(":".join(found[len(keys) :]))
        for place, (key, value) in enumerate(zip(keys, found, strict=False)):
            at = self._key_places.get(key)
            if at is None or key in keys[:place]:
                others.append(f"{key}={value}")
                continue
            record[first + at] = value
            if not value:
                if text:
                    self._warn("empty value", f"A sample has an empty value, as in {text[:SHOWN]!r}.")
            elif key == "GT":
                self._check_genotype(value, alts)
            elif value != ".":
                self._check_value("FORMAT", key, value, alts)
        if others:
            self._warn(
                "sample (other)", "Values of samples that have no column of their own are in its column (other)."
            )
            record[layout.sample_other + number] = ";".join(others)

    def _check_genotype(self, value: str, alts: int) -> None:
        if not _GENOTYPE.fullmatch(value):
            self._warn("bad GT", f"GT is not a genotype, as in {value[:SHOWN]!r}.")
        elif any(_is_beyond(index, alts) for index in re.findall(r"[0-9]+", value)):
            self._warn("GT beyond ALT", f"GT names an allele that the line does not have, as in {value[:SHOWN]!r}.")


def _is_beyond(index: str, alts: int) -> bool:
    """Whether a genotype's index, however many digits somebody wrote, is larger than the number of ALT alleles."""
    digits = index.lstrip("0")
    return len(digits) > len(str(alts)) or int(digits or "0") > alts
