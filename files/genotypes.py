"""From the cells of one VCF line to the samples that have one of its alleles. Text in, values out; no Django.

Where the cells of a sample are is told by the columns (`sample`, its number in the header, and `key`), never by names
of columns: a sample may be called `a.GT`. Zygosity is what GT says: nothing is computed from depths.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from files.readers.vcf.layout import OTHER
from variants.samples import SampleCall, SampleCounts, Samples

HAPLOID = ("X", "Y", "MT")  # where one copy is what a person may have
NOT_GIVEN = "genotype not given"
_GENOTYPE = re.compile(r"[|/]?((?:\.|[0-9]{1,9})(?:[|/](?:\.|[0-9]{1,9}))*)")
_WHOLE = re.compile(r"[0-9]{1,15}")
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")

Row = Mapping[str, str | None]


@dataclass(frozen=True)
class Genotype:
    """`alleles`: numbers as in GT, 0 for REF, None for a missing one."""

    alleles: tuple[int | None, ...]
    phased: bool | None  # None where there is one copy

    @property
    def is_whole(self) -> bool:
        return None not in self.alleles


@lru_cache(4096)
def read_genotype(text: str) -> Genotype | None:
    """None where it is no genotype."""
    match = _GENOTYPE.fullmatch(text)
    if not match:
        return None
    parts = re.split(r"[|/]", match[1])
    phased = "/" not in text if len(parts) > 1 else None
    return Genotype(tuple(None if part == "." else int(part) for part in parts), phased)


@lru_cache(4096)
def zygosity(genotype: Genotype, alt_index: int, chrom: str | None) -> str:
    """In words, of a genotype that has the allele `alt_index`."""
    alleles = genotype.alleles
    copies = alleles.count(alt_index)
    if not genotype.is_whole:
        return "partly called"
    if len(alleles) == 1:
        return "hemizygous" if chrom in HAPLOID else "haploid"
    if copies == len(alleles):
        return "homozygous"
    if len(alleles) > 2:
        return f"{copies} of {len(alleles)} copies"
    return "heterozygous" if 0 in alleles else "heterozygous with another ALT"


@dataclass(frozen=True)
class VcfSamples:
    """Where the samples of a file's lines are. `whole`: sample -> its column; `split`: sample -> key -> column."""

    names: Sequence[str]
    whole: Mapping[int, str]
    split: Mapping[int, Mapping[str, str]]

    @classmethod
    def of(cls, columns: Sequence[Mapping[str, Any]], names: Sequence[str]) -> "VcfSamples":
        """`columns` as a reading of a VCF has them, `names` the samples of its header."""
        whole: dict[int, str] = {}
        split: dict[int, dict[str, str]] = {}
        for column in columns:
            if "key" in column:
                split.setdefault(column["sample"], {})[column["key"]] = column["name"]
            elif "sample" in column:
                whole[column["sample"]] = column["name"]
        return cls(names, whole, split)

    @property
    def is_known(self) -> bool:
        """False for a file that was read before columns said whose they are."""
        return bool(self.whole or self.split or not self.names)

    def cells(self, row: Row) -> Iterator[tuple[str, "Cell"]]:
        """Each sample's name and cell, in the order of the header."""
        keys = tuple((row.get("FORMAT") or "").split(":"))
        for number, name in enumerate(self.names):
            if self.whole:
                yield name, WholeCell(keys, row.get(self.whole.get(number, "")) or "")
            else:
                yield name, SplitCell(row, self.split.get(number, {}))


class Cell:
    """One sample on one line."""

    def get(self, key: str) -> str | None:
        """The value as written; None where there is none or it is `.`."""
        raise NotImplementedError

    @property
    def holds_anything(self) -> bool:
        raise NotImplementedError


class WholeCell(Cell):
    def __init__(self, keys: tuple[str, ...], text: str):
        self._keys, self._text = keys, text

    def get(self, key: str) -> str | None:
        if key not in self._keys:
            return None
        at = self._keys.index(key)
        values = self._text.split(":", at + 1)
        return _given(values[at]) if at < len(values) else None

    @property
    def holds_anything(self) -> bool:
        return bool(self._text.strip(".:,"))


class SplitCell(Cell):
    def __init__(self, row: Row, columns: Mapping[str, str]):
        self._row, self._columns = row, columns

    def get(self, key: str) -> str | None:
        if key in self._columns and (text := _given(self._row.get(self._columns[key]))):
            return text
        # A key that no line before had and the header does not declare is in (other), as `KEY=value`.
        others = (self._row.get(self._columns.get(OTHER, "")) or "").split(";")
        return next((_given(one.partition("=")[2]) for one in others if one.startswith(f"{key}=")), None)

    @property
    def holds_anything(self) -> bool:
        return any((self._row.get(name) or "").strip(".:,") for name in self._columns.values())


def _given(text: str | None) -> str | None:
    return text if text and text != "." else None


def samples_of(where: VcfSamples, row: Row, alt_index: int, chrom: str | None, *, most: int) -> Samples:
    """The samples of a line that have its ALT allele `alt_index`, from 1: the first `most`, and the counts of all.

    `chrom` is the chromosome as Vardesk names it, for haploid calls.
    """
    alt = _given(row.get("ALT"))
    alts = alt.count(",") + 1 if alt else 0
    calls: list[SampleCall] = []
    counted = dict.fromkeys(("with_allele", "without_allele", "not_called", "not_given"), 0)
    for name, cell in where.cells(row):
        text = cell.get("GT")
        genotype = read_genotype(text) if text else None
        state = _state(cell, text, genotype, alt_index)
        counted[state] += 1
        if len(calls) < most and state in ("with_allele", "not_given"):
            call = _call(name, cell, text, genotype, alt_index, alts, chrom)
            if state == "with_allele" or call.allele_depth:
                calls.append(call)
    return Samples(calls, SampleCounts(samples=len(where.names), **counted))


def _state(cell: Cell, text: str | None, genotype: Genotype | None, alt_index: int) -> str:
    if genotype and alt_index in genotype.alleles:
        return "with_allele"
    if genotype:
        return "without_allele" if genotype.is_whole else "not_called"
    return "not_given" if text or cell.holds_anything else "not_called"


def _call(
    name: str, cell: Cell, text: str | None, genotype: Genotype | None, alt_index: int, alts: int, chrom: str | None
) -> SampleCall:
    of_reference, of_allele, whole = allele_depths(cell, alt_index, alts)
    depth = count(cell.get("DP"))
    depth = whole if depth is None else depth
    return SampleCall(
        sample=name,
        genotype=text,
        zygosity=zygosity(genotype, alt_index, chrom) if genotype else NOT_GIVEN,
        phased=genotype.phased if genotype else None,
        depth=depth,
        allele_depth=of_allele,
        reference_depth=of_reference,
        allele_fraction=fraction(of_allele, depth),
        genotype_quality=number(cell.get("GQ")),
    )


def allele_depths(cell: Cell, alt_index: int, alts: int) -> tuple[int | None, int | None, int | None]:
    """Reads of REF, of the allele, and of all alleles; None what the line does not say.

    From AD with a number for each allele; from AD of the one ALT with RD of REF, as VarScan writes; from RO and AO, as
    freebayes writes. A list of another length says nothing: which number is whose would be guessed.
    """
    depths = [count(text) for text in (cell.get("AD") or "").split(",")]
    if len(depths) == alts + 1:
        return depths[0], _at(depths, alt_index), _sum(depths)
    if len(depths) == alts == 1 and (of_reference := count(cell.get("RD"))) is not None:
        return of_reference, depths[0], _sum([of_reference, depths[0]])
    observed = [count(text) for text in (cell.get("AO") or "").split(",")]
    if alts and len(observed) == alts:
        of_reference = count(cell.get("RO"))
        return of_reference, _at([of_reference, *observed], alt_index), _sum([of_reference, *observed])
    return None, None, None


def _at(depths: Sequence[int | None], index: int) -> int | None:
    return depths[index] if index < len(depths) else None


def _sum(depths: Sequence[int | None]) -> int | None:
    return None if None in depths else sum(depth for depth in depths if depth is not None)


def count(text: str | None) -> int | None:
    """A whole number from 0; None for anything else."""
    return int(text) if text and _WHOLE.fullmatch(text) else None


def number(text: str | None) -> float | None:
    """A number from 0, whole where it is written so; None for anything else, NaN too."""
    if not text or not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return int(value) if math.isclose(value, int(value), abs_tol=0) else value


def fraction(part: int | None, whole: int | None) -> float | None:
    """Rounded to four digits; None where the two cannot be parts of each other."""
    return round(part / whole, 4) if part is not None and whole and part <= whole else None
