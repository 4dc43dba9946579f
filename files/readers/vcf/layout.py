"""Which columns a VCF becomes, and where each lies in the record that is written.

In the record, what the first lines hold comes first and in their order, so that a line can be written as it stands:
the seven fixed columns, INFO keys, FORMAT, samples; then INFO keys not seen yet and what has no column of its own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from files.readers.vcf.header import FIXED, Definition, Header, unique

SAMPLE_COLUMNS = 100  # of split samples at most: samples x FORMAT keys; beyond, a sample is one column
INFO_COLUMNS = 4_000  # keys beyond this share INFO.(other), first those that the first lines do not have
LEARN_LINES = 5_000
LEARN_BYTES = 2 * 1024**2
CYCLES = 20  # contradictions in the order of keys that are worth solving
OTHER = "(other)"
TYPED = {"Integer": "integer", "Float": "decimal", "Flag": "boolean"}
TEXT = Definition("", ".", "String", "")


@dataclass
class Met:
    """What the first data lines hold."""

    info: list[str] = field(default_factory=list)  # declared keys in an order that most lines keep
    always: set[str] = field(default_factory=set)  # keys that all of these lines have
    format: list[str] = field(default_factory=list)
    behind_info: int = 0  # cells behind INFO, where all these lines have as many (empty ones at the end aside)


def first_lines(data: bytes, begin: int) -> Iterator[str]:
    """The first data lines of a block of whole lines, as far as they can be text."""
    limit = begin + LEARN_BYTES
    for _ in range(LEARN_LINES):
        end = data.find(b"\n", begin)
        if end < 0 or begin > limit:
            return
        if data[begin : begin + 1] != b"#":
            yield data[begin:end].decode(errors="replace")
        begin = end + 1


def meet(lines: Iterable[str]) -> Met:
    """Learns from lines; those with fewer than eight cells say nothing."""
    pairs, keys, format_pairs = Counter[tuple[str, str]](), Counter[str](), Counter[tuple[str, str]]()
    format_keys: dict[str, None] = {}
    widths = Counter[int]()
    for line in lines:
        text = line.rstrip("\t\r ")
        cells = text.split("\t", 9)
        if len(cells) < 8:
            continue
        names = list(dict.fromkeys(item.partition("=")[0] for item in cells[7].split(";")))
        keys.update(names)
        pairs.update(zip(names, names[1:], strict=False))
        widths[text.count("\t") - 7] += 1
        if len(cells) > 8:
            here = cells[8].split(":")
            format_keys.update(dict.fromkeys(here))
            format_pairs.update(zip(here, here[1:], strict=False))
    always = {key for key, times in keys.items() if times == widths.total()}
    behind_info = next(iter(widths)) if len(widths) == 1 else 0
    return Met(in_order(list(keys), pairs), always, in_order(list(format_keys), format_pairs), behind_info)


def in_order(keys: list[str], pairs: Counter[tuple[str, str]]) -> list[str]:
    """The keys so that pairs (a before b) are kept; of those that contradict each other, the more frequent."""
    kept = {pair: times for pair, times in pairs.items() if times > pairs.get(pair[::-1], 0)}
    for _ in range(CYCLES):
        graph: dict[str, list[str]] = {key: [] for key in keys}
        for before, after in kept:
            graph[after].append(before)
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            cycle = error.args[1]
            del kept[min(zip(cycle, cycle[1:], strict=False), key=lambda pair: kept.get(pair, 1 << 60))]
    return keys


@dataclass(frozen=True)
class Layout:
    """Places are those in the record, from 0."""

    info: dict[str, int]  # INFO key -> place
    met_info: list[str]  # the keys that lie between FILTER and FORMAT, in order
    info_other: int
    behind: int  # place of the first column behind INFO: FORMAT
    has_format: bool
    samples: list[str]
    keys: list[str]  # FORMAT keys that have a column for each sample; empty where a sample is one column
    split: bool
    sample_other: int  # place of the first sample's own (other)
    whole: int  # columns behind INFO where samples are not split
    width: int
    columns: list[dict[str, Any]]  # as shown: name, type, at, missing value; of samples whose it is, by number, and key
    renamed: set[str]  # names of columns that would be called as another one is

    @property
    def behind_cells(self) -> int:
        """Columns behind INFO in the file."""
        return 1 + len(self.samples) if self.split else self.whole

    @property
    def tail(self) -> int:
        """Columns that lie behind what a clean line fills."""
        return self.width - self.behind - (1 + len(self.samples) * len(self.keys) if self.split else self.whole)


def lay_out(header: Header, met: Met, sample_columns: int = SAMPLE_COLUMNS) -> Layout:
    met_info = [key for key in met.info if key in header.info][:INFO_COLUMNS]
    placed, formats = set(met_info), set(met.format)
    unmet = [key for key in header.info if key not in placed]
    declared_unmet = unmet[: INFO_COLUMNS - len(met_info)]
    samples = header.samples if header.has_format else []
    keys = [
        *(key for key in met.format if key not in (".", "")),
        *(key for key in header.format if key not in formats),
    ]
    split = bool(samples) and bool(keys) and len(samples) * len(keys) <= sample_columns
    behind = 7 + len(met_info)
    filled = 1 + len(samples) * len(keys) if split else len(header.behind_info)
    info = {key: 7 + at for at, key in enumerate(met_info)}
    info |= {key: behind + filled + at for at, key in enumerate(declared_unmet)}
    info_other = behind + filled + len(declared_unmet)
    layout = Layout(
        info=info, met_info=met_info, info_other=info_other, behind=behind, has_format=header.has_format,
        samples=samples, keys=keys if split else [], split=split, sample_other=info_other + 1,
        whole=len(header.behind_info), width=info_other + 1 + (len(samples) if split else 0), columns=[], renamed=set(),
    )  # fmt: skip
    shown = _shown(header, layout)
    owners = _owners(layout)
    for (asked, kind, at), name in zip(shown, unique([name for name, _, _ in shown]), strict=True):
        layout.columns.append({"name": name, "type": kind, "at": at, "missing": "."} | owners.get(at, {}))
        if name != asked:
            layout.renamed.add(name)
    return layout


def _shown(header: Header, layout: Layout) -> list[tuple[str, str, int]]:
    """Name, type and place: fixed columns, INFO keys in the header's order, what is undeclared, FORMAT, samples."""
    shown = [(name, {"POS": "integer", "QUAL": "decimal"}.get(name, "text"), at) for at, name in enumerate(FIXED[:7])]
    shown += [
        (f"INFO.{key}", column_type(header.info[key]), layout.info[key]) for key in header.info if key in layout.info
    ]
    shown.append((f"INFO.{OTHER}", "text", layout.info_other))
    if not layout.split:
        shown += [(name, "text", layout.behind + at) for at, name in enumerate(header.behind_info)]
    else:
        shown.append(("FORMAT", "text", layout.behind))
        for number, sample in enumerate(layout.samples):
            first = layout.behind + 1 + number * len(layout.keys)
            kinds = [column_type(header.format.get(key, TEXT)) for key in layout.keys]
            shown += [(f"{sample}.{key}", kinds[at], first + at) for at, key in enumerate(layout.keys)]
            shown.append((f"{sample}.{OTHER}", "text", layout.sample_other + number))
    return shown


def _owners(layout: Layout) -> dict[int, dict[str, Any]]:
    """Place of a sample's cell -> the sample's number in the header, from 0, and the FORMAT key where it is one's.

    Names of columns do not tell: samples may have dots in theirs, and columns that would be called alike are numbered.
    """
    if not layout.split:
        return {layout.behind + 1 + number: {"sample": number} for number in range(len(layout.samples))}
    found: dict[int, dict[str, Any]] = {}
    for number in range(len(layout.samples)):
        first = layout.behind + 1 + number * len(layout.keys)
        found |= {first + at: {"sample": number, "key": key} for at, key in enumerate(layout.keys)}
        found[layout.sample_other + number] = {"sample": number, "key": OTHER}
    return found


def column_type(definition: Definition) -> str:
    """Lists stay text as written."""
    return TYPED.get(definition.type, "text") if definition.number in ("0", "1") else "text"
