"""From mapped text cells to normalised alleles, names and identities: a few DuckDB steps, no Python per row.

Input: a relation `cells` with `line` BIGINT (physical line, from 1), `alt_number` INTEGER (which ALT allele the row is,
from 1; NULL where the row has all of its line's, which are split here) and one text column for each name in FIELDS (NULL
where the file has no such column). Output: a table `alleles`, one row for each allele of each line, in no order, with
the columns of OUTPUT; every input line has at least one row, with a `fate` of `keep`, `skip` or `reject`.

Coordinates. `start0` is the interbase (0-based) start of the fully trimmed change. `pos` is VCF POS: 1-based, of the
padding base where an insertion or deletion has one, else the first base of the unpadded change (of an insertion: the
base after it). Alleles are trimmed from the right, then from the left; with a reference sequence of their assembly,
insertions and deletions are then moved to their leftmost place. Without one nothing is moved.

Identity: the first 16 bytes of SHA-256 over a text that starts with its kind (`allele|GRCh38|7|117559590|TCT|`), so
that a place, a genomic name, a transcript name and an accession can never be taken for each other.

The steps, a module each: `cells` (text -> fields), `naming` (one spelling a name; places that names state), `judging`
(0-based or 1-based), `alleles` (split, trimmed), `aligning` (checked and left-aligned, where there is a reference
sequence), `identifying` (named, identified). `text`, `places` and `names` hold the macros that they share. Most lines need
none of them: `plain` takes those that say all in one simple form from `cells` to `alleles` at once.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import duckdb

from variants.normalising.aligning import Reference, align, begin_tally, reference_tally
from variants.normalising.alleles import MOST_ALTS, SPLIT_ALLELES
from variants.normalising.cells import READ
from variants.normalising.fields import FIELDS, OUTPUT, TYPES
from variants.normalising.identifying import IDENTIFY
from variants.normalising.judging import EVIDENCE, JUDGE, Bases, Told, chosen_base, judged_bases
from variants.normalising.names import NAME_MACROS
from variants.normalising.naming import NAMING_MACROS, TELL
from variants.normalising.places import CHROM_NAMES, PLACE_MACROS, genomic_accession, make_place_tables
from variants.normalising.plain import TELLING, add_plain, may_tell, plain_evidence, sort_lines
from variants.normalising.references import judge_references
from variants.normalising.text import TEXT_MACROS

__all__ = [
    "FIELDS", "MACROS", "MOST_ALTS", "OUTPUT", "Bases", "Rules", "Told", "bases_of", "genomic_accession", "judge_references",
    "make_macros", "may_tell", "normalise", "reference_notes", "reference_tally", "rows_tell", "told_of", "with_placed",
]  # fmt: skip

FEW_ROWS = 5_000
MOST_AT_ONCE = 20_000  # odd lines that are worked at once: memory stays the same however many there are
MACROS = TEXT_MACROS + PLACE_MACROS + NAME_MACROS + NAMING_MACROS
ALL_ODD = "CREATE OR REPLACE TEMP TABLE odd_lines AS SELECT DISTINCT line FROM {relation}"
STRETCHES = """
SELECT min(line), max(line) FROM (SELECT line, (row_number() OVER (ORDER BY line) - 1) // $most AS part FROM odd_lines)
GROUP BY part ORDER BY part
"""
Stretch = tuple[int, int]  # first and last line


@dataclass(frozen=True)
class Rules:
    """How one file's cells are to be understood, where its rows do not say it themselves."""

    load: str  # the load's fingerprint: part of the identity of rows that name a gene and nothing else
    assembly: str | None = None  # for rows that name none
    base: int | None = None  # 0 or 1: what positions count from, as somebody chose it; None: as the rows tell
    not_rcrs: tuple[
        str, ...
    ] = ()  # contig names, upper case, that are another mitochondrion than MT (rCRS) in this file
    references: Mapping[str, Reference] = field(default_factory=dict)  # by assembly: REF check and left-alignment
    most_wrong: float = 0.1  # share of REF alleles that may disagree with a reference; more stops the import
    # Where `cells` is a part of a file: what the rows of all parts say of the base (`told_of`, `bases_of`). Whoever adds
    # up the parts' `reference_tally` then judges the references (`judge_references`).
    bases: Bases | None = None
    careful: bool = False  # no line is plain: for diagnosis, and for tests that compare the two ways


def normalise(db: duckdb.DuckDBPyConnection, rules: Rules) -> Bases:
    """Make the table `alleles` from the relation `cells` in `db`. Raises JobError where a reference does not fit.

    Of a part (`rules.bases`) the bases come back as they were given, with the number of its rows placed by name.
    """
    make_macros(db)
    columns = ", ".join(f"{name} {kind}" for name, kind in TYPES.items())
    db.execute(f"CREATE OR REPLACE TEMP TABLE alleles ({columns})")
    db.execute("CREATE OR REPLACE TEMP TABLE reference_notes (sentence VARCHAR)")
    begin_tally(db, rules.references)
    stretches = _sort(db, rules, "cells")
    with _quickly_planned(db):
        is_known = rules.bases is not None or rules.base is not None
        bases = rules.bases or bases_of(rules.base, Told() if is_known else _told(db, rules, stretches, "cells"))
        placed = 0
        for stretch in stretches:
            if is_known or len(stretches) > 1:  # else it was judged to tell
                _judge(db, rules, "cells", stretch)
            placed += _add_odd(db, rules, bases)
    if not rules.careful:
        add_plain(db, rules.assembly, bases)
    bases = replace(bases, placed_by_name=placed)
    if rules.bases is not None:
        return bases
    said = judge_references([reference_tally(db)], rules.references, rules.most_wrong)
    db.execute("INSERT INTO reference_notes SELECT unnest($said::VARCHAR[])", {"said": said})
    return with_placed(bases)


def _add_odd(db: duckdb.DuckDBPyConnection, rules: Rules, bases: Bases) -> int:
    """Put the odd lines, in the table `judged`, into `alleles`. Returns how many of them are placed by a name."""
    (placed,) = db.execute("SELECT count(*) FROM judged WHERE is_placed_by_name").fetchone() or (0,)
    chosen = {"allele_base": bases.alleles, "bare_base": bases.bare, "forced": bases.forced, "most_alleles": MOST_ALTS}
    db.execute(SPLIT_ALLELES, chosen)
    db.execute("DROP TABLE judged")
    align(db, rules.references)
    names = ", ".join(OUTPUT)
    values = {"load": rules.load, "chromosomes": CHROM_NAMES}
    db.execute(f"INSERT INTO alleles ({names}) SELECT {names} FROM ({IDENTIFY})", values)
    db.execute("DROP VIEW aligned; DROP TABLE trimmed; DROP TABLE written_alleles; DROP TABLE placed_alleles")
    return int(placed)


def reference_notes(db: duckdb.DuckDBPyConnection) -> list[str]:
    """What is to be said of the references used, after `normalise` of a whole file."""
    return [row[0] for row in db.execute("SELECT sentence FROM reference_notes").fetchall()]


def bases_of(base: int | None, told: Told) -> Bases:
    """What positions count from: `base` where somebody chose it, else as the rows tell."""
    return chosen_base(base) if base is not None else judged_bases(*told)


def with_placed(bases: Bases) -> Bases:
    """The same, with a sentence that also tells of the rows placed by a name."""
    return replace(bases, sentence=f"{bases.sentence} {placed_by_name(bases.placed_by_name)}".rstrip())


def placed_by_name(count: int) -> str:
    """What the notes of a load say of rows that have no columns of a place; nothing where there are none."""
    rows = "1 row" if count == 1 else f"{count:,} rows"
    return f"{rows} without a position: placed by the HGVS or SPDI name that states it." if count else ""


@contextmanager
def _quickly_planned(db: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """For few odd lines the optimiser takes longer over the nested macros (0.3 s of CPU) than it saves."""
    if (db.execute("SELECT count(*) FROM odd_lines").fetchone() or (0,))[0] > FEW_ROWS:
        yield
        return
    db.execute("PRAGMA disable_optimizer")
    try:
        yield
    finally:
        db.execute("PRAGMA enable_optimizer")


def rows_tell(db: duckdb.DuckDBPyConnection, assembly: str | None = None) -> Told:
    """What the rows of `cells` say of the base of their positions; nothing is normalised."""
    return told_of(db, Rules(load="", assembly=assembly))


def told_of(db: duckdb.DuckDBPyConnection, rules: Rules) -> Told:
    """What the rows of `cells`, a file's or a part's, say of the base of their positions. Sums of parts are the whole's."""
    make_macros(db)
    chosen = ", ".join(name if name in TELLING else f"NULL::VARCHAR AS {name}" for name in FIELDS)
    db.execute(f"CREATE OR REPLACE TEMP VIEW telling AS SELECT line, alt_number, {chosen} FROM cells")
    stretches = _sort(db, replace(rules, references={}), "telling")
    with _quickly_planned(db):
        return _told(db, rules, stretches, "telling")


def make_macros(db: duckdb.DuckDBPyConnection) -> None:
    """Define the macros of all steps, unless this database has them: to parse them takes 0.1 s of CPU."""
    try:
        db.execute("SELECT has_macros_of_normalising()")
    except duckdb.CatalogException:
        db.execute(MACROS + "CREATE OR REPLACE MACRO has_macros_of_normalising() AS true;")


def _sort(db: duckdb.DuckDBPyConnection, rules: Rules, relation: str) -> list[Stretch]:
    """Make `odd_lines`; the stretches in which they are worked."""
    if rules.careful:
        db.execute(ALL_ODD.format(relation=relation))
    else:
        sort_lines(db, rules.assembly, rules.references, relation)
    stretches: list[Stretch] = db.execute(STRETCHES, {"most": MOST_AT_ONCE}).fetchall()
    if stretches:
        make_place_tables(db)
    return stretches


def _judge(db: duckdb.DuckDBPyConnection, rules: Rules, relation: str, stretch: Stretch) -> None:
    """The first steps for odd lines, up to the table `judged`; each table goes when the next one is made."""
    first, last = stretch
    odd = f"(SELECT * FROM {relation} SEMI JOIN odd_lines USING (line) WHERE line BETWEEN {first:d} AND {last:d})"
    values = {"assembly": rules.assembly, "not_rcrs": list(rules.not_rcrs)}
    db.execute(READ.replace("{relation}", odd), values)
    db.execute(TELL)
    db.execute("DROP TABLE read")
    db.execute(JUDGE)
    db.execute("DROP TABLE told")


def _told(db: duckdb.DuckDBPyConnection, rules: Rules, stretches: list[Stretch], relation: str) -> Told:
    """What the odd lines and the plain ones say together. Leaves the last stretch in `judged`."""
    told = Told()
    for stretch in stretches:
        _judge(db, rules, relation, stretch)
        told += Told(*(db.execute(EVIDENCE).fetchone() or ()))
    if rules.careful:
        return told
    from_0, from_1 = plain_evidence(db, rules.assembly, relation)
    return told + Told(from_0, from_1)
