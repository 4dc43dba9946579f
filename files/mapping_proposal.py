"""The proposal that an import begins with: field, column, how sure, why, examples; and what positions count from."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from files import vcf_mapping
from files.mapping import LABELS, NAMING, Choice, choose, detect
from files.mapping_base import Base, told_base
from files.mapping_contents import alone
from files.mapping_names import candidates, counts_from_0
from files.mapping_sample import ROWS, Sample
from files.models import DataFile
from files.remembered import Remembered, remembered

CONFIDENCES = ("sure", "likely", "guess", "chosen")


@dataclass(frozen=True)
class Proposed:
    """One field. `column` is None where no column is proposed; `why` says then, if a name came near, what its cells said.

    `confidence`: `sure` (a telling name, and at least nine of ten cells fit), `likely` (one of the two), `guess` (a name
    that few cells bear out, or cells alone), `chosen` (a person said so), "" without a column.
    """

    field: str
    column: str | None = None
    confidence: str = ""
    why: str = ""
    examples: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return LABELS[self.field]


@dataclass(frozen=True)
class Proposal:
    """A whole proposal. `origin`: "proposed" by Vardesk, "remembered" since `at`, or "sent"; `notes`: sentences for a person."""

    fields: dict[str, Proposed]
    base: Base
    notes: tuple[str, ...] = ()
    origin: str = "proposed"
    at: datetime | None = None
    own: dict[str, str | None] = field(default_factory=dict)  # what Vardesk proposes, where another is remembered

    @property
    def mapping(self) -> dict[str, str | None]:
        return {name: one.column for name, one in self.fields.items()}


def proposal(file: DataFile, *, by: Any = None, is_own: bool = False) -> Proposal:
    """What is proposed to `by` for this file. `is_own`: Vardesk's own, whatever `by` chose for the same header before."""
    try:
        own = _of_vcf(file) if file.is_vcf else _of_table(file)
        found = None if is_own else remembered(by, own_names(file))
        return _again(file, own, found) if found else own
    except FileNotFoundError:  # whoever imports it is told so by the job
        return _of_names(
            file, "likely", "by its name; the table is gone", Base(None, "The table of this file is gone.")
        )


def own_names(file: DataFile) -> list[str]:
    return [column["name"] for column in file.columns]


def said_base(file: DataFile, mapping: dict[str, str | None]) -> int | None:
    """0 where the name of the position's column says it and no row can tell; None: as the rows tell."""
    start = mapping.get("start")
    if not start or not counts_from_0(start, mapping.get("stop")):
        return None
    try:
        return told_base(file, mapping).chosen
    except FileNotFoundError:
        return None


def _of_vcf(file: DataFile) -> Proposal:
    """A VCF's places are where VCF says they are; its INFO keys are known by their names. Positions count from 1."""
    found = vcf_mapping.detect(file)
    sample = Sample(file)
    sample.read(column for column in found.values() if column)
    fields = {}
    for name in LABELS:
        column = found.get(name)
        why = "as VCF says" if name in vcf_mapping.FIXED else "by its name"
        examples = tuple(sample.examples(name, column)) if column else ()
        fields[name] = Proposed(name, column, "sure", why, examples) if column else Proposed(name)
    return Proposal(fields, Base(1, "Positions of a VCF count from 1."))


def _of_names(file: DataFile, confidence: str, why: str, base: Base) -> Proposal:
    found = vcf_mapping.detect(file) if file.is_vcf else detect(own_names(file))
    fields = {
        name: Proposed(name, found.get(name), confidence, why) if found.get(name) else Proposed(name) for name in LABELS
    }
    return Proposal(fields, base)


def _of_table(file: DataFile) -> Proposal:
    sample = Sample(file)
    by_name = candidates(sample.names)
    sample.read(one.column for wanted in by_name.values() for one in wanted)
    chosen = choose(sample.names, sample.judge)
    fields = {name: _by_name(name, chosen[name], sample) for name in LABELS if name in chosen}
    if not fields.keys() & set(NAMING):
        taken = {one.column for one in fields.values()}
        fields |= {one.field: one for one in _by_cells(sample, taken) if one.field not in fields}
    for name in LABELS:
        fields.setdefault(name, Proposed(name, why=_passed_over(name, sample, chosen, by_name)))
    fields = {name: fields[name] for name in LABELS}
    mapping = {name: one.column for name, one in fields.items()}
    return Proposal(fields, told_base(file, mapping), _notes(chosen, by_name))


def _by_name(name: str, choice: Choice, sample: Sample) -> Proposed:
    column, fit = choice.candidate.column, choice.fit or sample.judge(name, choice.candidate.column)
    told = f"by its name and {fit.told}" if fit.given else f"by its name; no cell in the first {ROWS:,} rows"
    if fit.given and fit.rank:
        told = f"by its name; {fit.told}"
    return Proposed(
        name, column, fit.confidence(weak=choice.candidate.weak), told, tuple(sample.examples(name, column))
    )


def _by_cells(sample: Sample, taken: set[str | None]) -> list[Proposed]:
    """Columns whose cells can mean only one thing: the first of each kind."""
    columns = [column for column in sample.text_columns() if column not in taken]
    sample.read(columns)
    found: dict[str, Proposed] = {}
    for column in columns:
        if (told := alone(sample.cells(column))) and told[0] not in found:
            why = f"by its cells alone: all {told[1]:,} look like it"
            found[told[0]] = Proposed(told[0], column, "guess", why, tuple(sample.examples(told[0], column)))
    return list(found.values())


def _passed_over(name: str, sample: Sample, chosen: dict[str, Choice], by_name: dict[str, list[Any]]) -> str:
    """Why a column with a telling name is not proposed, where its cells are the reason."""
    used = {choice.candidate.column for choice in chosen.values()}
    for one in by_name[name]:
        if one.weak or one.column in used:
            continue
        fit = sample.judge(name, one.column)
        if fit.given and not fit.is_possible(weak=False):
            return f"not “{one.column}”: {fit.told}"
    return ""


def _notes(chosen: dict[str, Choice], by_name: dict[str, list[Any]]) -> tuple[str, ...]:
    start = chosen.get("start")
    builds = {one.build for one in by_name["start"] if one.build}
    if start is None or len(builds | {start.candidate.build}) < 2:
        return ()
    if not start.candidate.build:
        others = " and ".join(sorted(builds))
        return (f"Places are taken from “{start.candidate.column}”; columns for {others} are left alone.",)
    other = " and ".join(sorted(builds - {start.candidate.build}))
    return (
        f"The table has places on {start.candidate.build} and on {other}; those on {start.candidate.build} are taken.",
    )


def _again(file: DataFile, own: Proposal, found: Remembered) -> Proposal:
    """The proposal that somebody's earlier choice makes of `own`."""
    return _otherwise(
        file, own, found.mapping, found.base, f"as you mapped it on {found.at:%-d %b %Y}",
        origin="remembered", at=found.at,
    )  # fmt: skip


def as_sent(file: DataFile, mapping: dict[str, str | None], base: int | None) -> Proposal:
    """What somebody sent, shown as a proposal is. Its columns may not exist."""
    return _otherwise(file, proposal(file, is_own=True), mapping, base, "as you chose", origin="sent")


def _otherwise(
    file: DataFile, own: Proposal, mapping: dict[str, str | None], base: int | None, why: str, **more: Any
) -> Proposal:
    sample = Sample(file)
    sample.read(column for column in mapping.values() if column in sample.names)
    fields = {
        name: one if one.column == mapping.get(name) else chosen_field(sample, name, mapping.get(name), why)
        for name, one in own.fields.items()
    }
    known = {name: one.column if one.column in sample.names else None for name, one in fields.items()}
    told = own.base if file.is_vcf or known == own.mapping else told_base(file, known)
    return Proposal(fields, told if base is None else replace(told, chosen=base), own=own.mapping, **more)


def chosen_field(sample: Sample, name: str, column: str | None, why: str) -> Proposed:
    """A field as a person filled it, with what the cells say to it."""
    if column is None:
        return Proposed(name, why=f"left out, {why}")
    if column not in sample.names:
        return Proposed(name, column, "chosen", "the file has no such column")
    fit = sample.judge(name, column)
    told = fit.told if fit.given else f"no cell in the first {ROWS:,} rows"
    return Proposed(name, column, "chosen", f"{why}; {told}", tuple(sample.examples(name, column)))
