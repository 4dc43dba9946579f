"""Step 4, with a reference sequence: REF checked against it, insertions and deletions moved to their leftmost place.

An insertion or deletion moves left while its last base equals the base before it (Tan, Abecasis and Kang 2015; what
`bcftools norm` does). Replacements stay where trimming left them. Each distinct allele is looked at once, in order of
place, so that the sequence passes by in stretches. Without a reference the step changes nothing.

Columns that it adds to `trimmed`: `moved`; `trimmed0`, `trimmed_del`, `trimmed_ins`: the allele before it was moved;
`ref_disagrees`: the sentence where REF is not what the reference has. Such an allele has no place from here on.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

import duckdb

STRETCH = 262_144  # bases that are fetched at once
BEHIND = 4_096  # of them before the place asked for: most alleles move less
LONGEST_STEP = 65_536  # bases compared at once on the way left
BATCH = 20_000  # alleles in memory
COUNTED = ("checked", "wrong", "moved", "unchecked")
ASKED_ELSEWHERE = 1_000  # disagreeing alleles of a part that are kept, to be tried on the other assembly
SHOWN = 20  # bases of an allele in a sentence
# What a letter of the reference stands for; N, for anything, is dealt with apart.
IUPAC = {
    "R": "AG",
    "Y": "CT",
    "S": "CG",
    "W": "AT",
    "K": "GT",
    "M": "AC",
    "B": "CGT",
    "D": "AGT",
    "H": "ACT",
    "V": "ACG",
}


class Reference(Protocol):
    """What is asked of a reference sequence (`variants.reference_sequence` has the one of a FASTA)."""

    assembly: str
    name: str
    lengths: dict[str, int]
    note: str

    def bases(self, chrom: str, start0: int, end0: int) -> str: ...


class Written(NamedTuple):
    """A distinct allele as written and as trimmed. Starts are interbase."""

    id: int
    assembly: str
    chrom: str
    written0: int
    ref: str
    start0: int
    deleted: str
    inserted: str
    base_before: str | None


class Placed(NamedTuple):
    """What becomes of a written allele; `wrong` is a sentence, and then the rest is as it was."""

    id: int
    start0: int
    deleted: str
    inserted: str
    base_before: str | None
    moved: bool
    wrong: str | None


_WRITTEN = """
CREATE OR REPLACE TEMP TABLE written_alleles AS
SELECT row_number() OVER (ORDER BY assembly_read, chrom, written0, ref_cell, alt_cell) AS id, *
FROM (
  SELECT assembly_read, chrom, written0, ref_cell, alt_cell, any_value(start0) AS start0, any_value(del) AS del,
    any_value(ins) AS ins, any_value(base_before) AS base_before
  FROM trimmed WHERE kind = 'alleles' AND bad_place IS NULL AND written0 >= 0 AND list_contains($assemblies, assembly_read)
  GROUP BY assembly_read, chrom, written0, ref_cell, alt_cell
) ORDER BY id
"""

_TABLES = """
CREATE OR REPLACE TEMP TABLE placed_alleles (
  id BIGINT, start0 BIGINT, del VARCHAR, ins VARCHAR, base_before VARCHAR, moved BOOLEAN, wrong VARCHAR);
"""

_TALLY = """
CREATE OR REPLACE TEMP TABLE reference_tally (assembly VARCHAR, checked BIGINT, wrong BIGINT, moved BIGINT, unchecked BIGINT);
CREATE OR REPLACE TEMP TABLE disagreeing_alleles (assembly VARCHAR, chrom VARCHAR, start0 BIGINT, ref VARCHAR);
"""

_DISAGREEING = """
INSERT INTO disagreeing_alleles SELECT assembly_read, chrom, written0, ref_cell FROM placed_alleles JOIN written_alleles USING (id)
WHERE wrong IS NOT NULL AND ref_cell <> '' AND assembly_read = $assembly ORDER BY id LIMIT $most
"""

_READ = """
SELECT id, assembly_read, chrom, written0, ref_cell, start0, del, ins, base_before
FROM written_alleles WHERE id > $after AND id <= $after + $batch ORDER BY id
"""

_INSERT = """
INSERT INTO placed_alleles SELECT unnest($id::BIGINT[]), unnest($start0::BIGINT[]), unnest($deleted::VARCHAR[]),
  unnest($inserted::VARCHAR[]), unnest($base_before::VARCHAR[]), unnest($moved::BOOLEAN[]), unnest($wrong::VARCHAR[])
"""

_ALIGNED = """
CREATE OR REPLACE TEMP VIEW aligned AS
SELECT t.* REPLACE (
    CASE WHEN p.wrong IS NULL THEN t.kind ELSE 'no place' END AS kind,
    CASE WHEN p.id IS NULL THEN t.start0 ELSE p.start0 END AS start0,
    CASE WHEN p.id IS NULL THEN t.del ELSE p.del END AS del,
    CASE WHEN p.id IS NULL THEN t.ins ELSE p.ins END AS ins,
    CASE WHEN p.id IS NULL THEN t.base_before ELSE p.base_before END AS base_before
  ),
  coalesce(p.moved, false) AS moved, t.start0 AS trimmed0, t.del AS trimmed_del, t.ins AS trimmed_ins,
  p.wrong AS ref_disagrees
FROM trimmed t
LEFT JOIN written_alleles w ON t.kind = 'alleles' AND w.assembly_read = t.assembly_read AND w.chrom = t.chrom
  AND w.written0 = t.written0 AND w.ref_cell = t.ref_cell AND w.alt_cell = t.alt_cell
LEFT JOIN placed_alleles p ON p.id = w.id;
"""


def align(db: duckdb.DuckDBPyConnection, references: Mapping[str, Reference]) -> None:
    """Make the view `aligned` from the table `trimmed`, and add what was found to the tally (`begin_tally`)."""
    db.execute(_WRITTEN, {"assemblies": list(references)})
    db.execute(_TABLES)
    counts: Counter[tuple[str, str]] = Counter()
    windows = {assembly: Window(reference) for assembly, reference in references.items()}
    after = 0
    while rows := db.execute(_READ, {"after": after, "batch": BATCH}).fetchall():
        _keep(db, list(_placed(map(Written._make, rows), windows, counts)))
        after = rows[-1][0]
    db.execute(_ALIGNED)
    for assembly in references:
        found = [counts[assembly, what] for what in COUNTED]
        db.execute(
            "UPDATE reference_tally SET checked = checked + ?, wrong = wrong + ?, moved = moved + ?,"
            " unchecked = unchecked + ? WHERE assembly = ?",
            [*found, assembly],
        )
        db.execute(_DISAGREEING, {"assembly": assembly, "most": ASKED_ELSEWHERE})


def begin_tally(db: duckdb.DuckDBPyConnection, references: Iterable[str]) -> None:
    """Make the tables that `reference_tally` reads, for these assemblies, with nothing counted."""
    db.execute(_TALLY)
    for assembly in references:
        db.execute("INSERT INTO reference_tally VALUES (?, 0, 0, 0, 0)", [assembly])


def reference_tally(db: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    """Assembly -> how many different alleles of `cells` are `checked` on its reference, `wrong` there, `moved` and
    `unchecked`, and some that disagree: (chromosome, interbase start, REF). Plain enough for JSON."""
    counted = db.execute(f"SELECT assembly, {', '.join(COUNTED)} FROM reference_tally").fetchall()
    found: dict[str, dict[str, Any]] = {
        assembly: dict(zip(COUNTED, counts, strict=True)) | {"disagreeing": []} for assembly, *counts in counted
    }
    for assembly, *allele in db.execute("SELECT * FROM disagreeing_alleles ORDER BY rowid").fetchall():
        if len(found[assembly]["disagreeing"]) < ASKED_ELSEWHERE:
            found[assembly]["disagreeing"].append(allele)
    return found


def _placed(alleles: Iterable[Written], windows: Mapping[str, "Window"], tally: Counter) -> Iterable[Placed]:
    """Those of `alleles` with which something is done."""
    for allele in alleles:
        window = windows[allele.assembly]
        if allele.chrom not in window.reference.lengths:
            tally[allele.assembly, "unchecked"] += 1
            continue
        tally[allele.assembly, "checked"] += 1
        if wrong := disagreement(window, allele.chrom, allele.written0, allele.ref):
            tally[allele.assembly, "wrong"] += 1
            yield Placed(allele.id, *allele[5:], False, wrong)
        elif (allele.deleted == "") != (allele.inserted == ""):
            placed = _leftmost(window, allele)
            tally[allele.assembly, "moved"] += placed.moved
            yield placed


def _keep(db: duckdb.DuckDBPyConnection, placed: list[Placed]) -> None:
    if placed:
        db.execute(_INSERT, dict(zip(Placed._fields, map(list, zip(*placed, strict=True)), strict=True)))


class Window:
    """A reference seen through a stretch that moves on with the places asked for: memory is bounded by a stretch."""

    def __init__(self, reference: Reference):
        self.reference = reference
        self._chrom, self._start, self._text = "", 0, ""

    def bases(self, chrom: str, start0: int, end0: int) -> str:
        """Bases of an interval within the chromosome."""
        is_behind = chrom == self._chrom and start0 < self._start
        if is_behind or end0 - start0 > STRETCH - BEHIND:
            return self.reference.bases(chrom, start0, end0)
        if chrom != self._chrom or end0 > self._start + len(self._text):
            self._chrom, self._start = chrom, max(start0 - BEHIND, 0)
            self._text = self.reference.bases(chrom, self._start, self._start + STRETCH)
        return self._text[start0 - self._start : end0 - self._start]


def disagreement(window: Window, chrom: str, start0: int, ref: str) -> str | None:
    """Why `ref` cannot be what the reference has from `start0` on; None where it can. N stands for any base, in both."""
    reference = window.reference
    length = reference.lengths[chrom]
    if start0 + len(ref) > length:
        return (
            f"{chrom}:{start0 + 1:,} lies beyond the end of the chromosome, which has {length:,} bases in"
            f" {reference.assembly}"
        )
    there = window.bases(chrom, start0, start0 + len(ref))
    if there == ref:
        return None
    differing = (n for n, (one, other) in enumerate(zip(ref, there, strict=True)) if not _may_be(one, other))
    if (first := next(differing, None)) is None:
        return None
    first = first if len(ref) > SHOWN else 0
    one, other = ref[first : first + SHOWN], there[first : first + SHOWN]
    return f"REF is {one}, the reference {reference.assembly} has {other} at {chrom}:{start0 + first + 1:,}"


def _may_be(written: str, there: str) -> bool:
    return written == there or "N" in (written, there) or written in IUPAC.get(there, "")


def _leftmost(window: Window, allele: Written) -> Placed:
    start0, unit = leftmost(window, allele.chrom, allele.start0, allele.deleted or allele.inserted)
    before = allele.base_before
    if before is None or start0 != allele.start0:
        before = window.bases(allele.chrom, start0 - 1, start0) if start0 else None
        before = before if before is None or before in "ACGT" else "N"  # VCF knows no other letter in REF
    deleted, inserted = (unit, "") if allele.deleted else ("", unit)
    return Placed(allele.id, start0, deleted, inserted, before, start0 != allele.start0, None)


def leftmost(window: Window, chrom: str, start0: int, unit: str) -> tuple[int, str]:
    """The leftmost place of an insertion or deletion of `unit`, and the bases that it has there.

    Never left of the chromosome's start. Bases that are not known (N) repeat nothing: they are not moved.
    """
    if "N" in unit:
        return start0, unit
    moved, step = 0, 16
    while moved < start0:
        step = min(step, start0 - moved)
        before = window.bases(chrom, start0 - moved - step, start0 - moved)
        turned = _turned(unit, moved)
        same = _common_end(before, (turned * (step // len(unit) + 1))[-step:])
        moved += same
        if same < step:
            break
        step = min(4 * step, LONGEST_STEP)
    return start0 - moved, _turned(unit, moved)


def _turned(unit: str, by: int) -> str:
    """`unit` after so many steps to the left, each of which brings its last base to its front."""
    by %= len(unit)
    return unit[len(unit) - by :] + unit[: len(unit) - by]


def _common_end(one: str, other: str) -> int:
    """How many last characters two texts of one length share: by halving, since each comparison of slices is quick."""
    low, high = 0, len(one)
    while low < high:
        middle = (low + high + 1) // 2
        if one[-middle:] == other[-middle:]:
            low = middle
        else:
            high = middle - 1
    return low
