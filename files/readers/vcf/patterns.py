"""Clean lines by one regular expression each: it checks what lines.py checks, and its groups are the record's cells.

A line that does not match is not wrong: it goes to LineReader. A line that matches has no finding, and LineReader
would give the same record.
"""

import re
from collections import Counter

from files.readers.vcf import values
from files.readers.vcf.header import Header
from files.readers.vcf.layout import TEXT, Layout, Met

ALTS = 9  # alleles of which one digit of GT names each
KEPT_GROUPS = 40_000  # of all patterns together: a group takes about 0.5 KB
WORTH = 16  # lines of a kind before its pattern is made, which takes as long as reading a hundred lines carefully

_TEXT = r"[^\t\n\r\0 ]++"


class Patterns:
    """Patterns by the number of ALT alleles and by FORMAT, made when they are worth it."""

    def __init__(self, header: Header, layout: Layout, met: Met, clean_formats: set[str], worth: int = WORTH):
        self._header, self._layout, self._always = header, layout, met.always
        self._clean_formats, self._worth = clean_formats, worth
        self._made: dict[tuple[int, str, bool], re.Pattern[bytes] | None] = {}
        self._asked = Counter[tuple[int, str, bool]]()
        self.tail = b"\t" * layout.tail + b"\n"
        groups = layout.width - layout.tail - (0 if layout.split else layout.whole)
        self._kept = max(4, KEPT_GROUPS // groups)
        keys = enumerate(layout.met_info, start=1)
        self.flags = tuple(at for at, key in keys if header.info[key].type == "Flag")  # groups: a key stands for "true"
        # Tabs in the last group, where that holds all columns behind INFO, for is_clean_rest().
        self.rest_tabs = layout.whole - 1 if layout.whole and not layout.split else -1

    def candidates(self, line: bytes) -> list[re.Pattern[bytes]]:
        """Patterns that may match the line, the quickest first."""
        cells = line.split(b"\t", 9)
        if len(cells) != min(8 + self._layout.behind_cells, 10):
            return []
        alts = 0 if cells[4] == b"." else cells[4].count(b",") + 1
        form = cells[8].rstrip(b"\r\n").decode(errors="replace") if self._layout.split else ""
        if alts > ALTS or (self._layout.split and form not in self._clean_formats):
            return []
        found = [self._get((alts, form, strict)) for strict in (True, False)]
        return [pattern for pattern in found if pattern]

    def is_clean_rest(self, rest: bytes) -> bool:
        """Whether the columns behind INFO, which are kept whole, are as many as named, none empty, FORMAT known."""
        if rest.count(b"\t") != self.rest_tabs or b"\t\t" in rest or rest[-1:] == b"\t" or rest[:1] == b"\t":
            return False
        return not self._layout.has_format or rest.partition(b"\t")[0].decode(errors="replace") in self._clean_formats

    def _get(self, key: tuple[int, str, bool]) -> re.Pattern[bytes] | None:
        if key not in self._made and len(self._made) < self._kept:
            self._asked[key] += 1
            if self._asked[key] >= self._worth:
                self._made[key] = self._make(*key)
        return self._made.get(key)

    def _make(self, alts: int, form: str, strict: bool) -> re.Pattern[bytes] | None:
        behind = self._behind(alts, form)
        if behind is None:
            return None
        regex = re.compile(
            f"{_fixed(alts)}\t{self._info(alts, self._always if strict else set())}{behind}\r?\n".encode()
        )
        cells = regex.groups + 6 + max(self.rest_tabs, 0) + self._layout.tail
        if cells != self._layout.width:
            raise ValueError(f"a pattern of {cells} cells for {self._layout.width} columns")
        return regex

    def _info(self, alts: int, always: set[str]) -> str:
        """Each key in its place or not at all, with the semicolons that belong between."""
        keys = self._layout.met_info
        last = max((at for at, key in enumerate(keys) if key in always), default=-1)
        out = []
        for at, key in enumerate(keys):
            definition, name = self._header.info[key], re.escape(key)
            if definition.type == "Flag":
                item = f"({name})"
            else:
                count = values.expected(definition, alts, self._header.version, in_info=True)
                item = f"{name}=({values.value_pattern(definition, count, end=';')})"
            item += ";" if at < last else r"(?>;|(?=[\t\r\n]))"
            out.append(item if key in always else f"(?>{item}|)")
        return rf"(?>\.(?=[\t\r\n])|{''.join(out)}(?<![;\t]))" if out else r"\."

    def _behind(self, alts: int, form: str) -> str | None:
        """FORMAT and samples; None where FORMAT has its keys in another order than the record."""
        layout = self._layout
        if not layout.split:
            return r"\t([^\n\r\0]++)" if layout.whole else ""
        keys = form.split(":")
        if keys != [key for key in layout.keys if key in keys]:
            return None
        return rf"\t({re.escape(form)})" + rf"\t{self._sample(alts, keys)}" * len(layout.samples)

    def _sample(self, alts: int, keys: list[str]) -> str:
        """One sample: values may be left out at the end; a key that FORMAT lacks is an empty group."""
        out, open_groups = "", 0
        for key in self._layout.keys:
            if key not in keys:
                out += "()"
                continue
            if key != keys[0]:
                out += "(?>:"
                open_groups += 1
            out += f"({self._value(alts, key)})"
        return out + "|)" * open_groups

    def _value(self, alts: int, key: str) -> str:
        if key == "GT":
            return values.GENOTYPE.replace("[0-9]++", f"[0-{alts}]")
        definition = self._header.format.get(key, TEXT)
        count = values.expected(definition, alts, self._header.version, in_info=False)
        return values.value_pattern(definition, count, end=":")


def _fixed(alts: int) -> str:
    alt = ",".join([f"(?>{values.ALLELE})"] * alts) if alts else r"\."
    return rf"((?!#){_TEXT}\t[0-9]{{1,9}}+\t{_TEXT}\t{values.BASES}++\t{alt}\t(?>{values.QUAL})\t(?!0\t){_TEXT})"
