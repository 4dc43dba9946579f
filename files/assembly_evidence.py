"""What says which assembly a file's positions are on: its header, the lines above its table, its columns and its rows."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field

from files import store
from files.kept_answers import kept
from files.models import DataFile
from files.readers.errors import NotATable
from files.readers.workbook.container import WORKBOOKS
from files.written_header import source_of
from variants.assemblies import TAKEN, assembly_of_name, chrom_of
from variants.assembly_clues import (
    Clue,
    Decision,
    called,
    column_clues,
    comment_clues,
    decide,
    header_clues,
    other_mitochondria,
)
from variants.normalising import MACROS
from variants.normalising.places import make_place_tables

ABOVE_BYTES, ABOVE_LINES = 64 * 1024, 200  # of what stands above a table; a build is named in its first lines
MOST_CONTIGS = 5_000  # different names of contigs that are looked at
POSITIONED = ("chrom", "start", "stop", "variant")  # fields whose columns may bear the build in their names
NAMED = ("hgvs_g", "hgvs_c", "other_names", "variant")  # fields whose cells may hold g. names
ASKED = ("chrom", "start", "accession", "assembly", *NAMED)  # fields whose cells are read here
NAMES_LOOKED_AT = 200_000  # rows with g. names; 43 s for 3 million
NEAR = 0.9  # share of the rows with a name on an assembly whose position must be the name's own


@dataclass(frozen=True)
class Evidence:
    """`placed`: rows with a chromosome and a position; `unsaid`: those of them that say no assembly themselves; `said`:
    what the uploader said; `not_rcrs`: contig names that are another mitochondrion than MT."""

    clues: list[Clue]
    row_sentences: list[str]
    placed: int
    unsaid: int
    said: str
    not_rcrs: tuple[str, ...]

    @property
    def sentences(self) -> list[str]:
        """What was seen, for people."""
        said = [f"{self.said} was said at the upload."] if self.said else []
        return list(dict.fromkeys([*said, *(clue.sentence for clue in self.clues), *self.row_sentences]))

    def decide(self, asked: str = "", *, insists: bool = False) -> Decision:
        """The assembly for rows that name none; `asked` is what the person who imports chose. What the uploader said
        counts where that is nothing. A question is a problem too: where nothing decides and rows need it."""
        chosen = asked or self.said
        if not self.placed:
            return Decision(chosen)
        clues = self.clues if self.unsaid else [clue for clue in self.clues if clue.is_proof]
        decision = decide(clues, chosen, insists=insists)
        if decision.problem or decision.assembly or not self.unsaid:
            return decision
        return Decision(
            "", f"{self.unsaid:,} rows have a position and nothing says on which assembly. Is it GRCh37 or GRCh38?"
        )  # fmt: skip


@dataclass(frozen=True)
class _Told:
    """What the rows tell; the fields are `Evidence`'s."""

    clues: list[Clue] = field(default_factory=list)
    row_sentences: list[str] = field(default_factory=list)
    placed: int = 0
    unsaid: int = 0


def seen(file: DataFile, cells: str, mapping: Mapping[str, str | None]) -> Evidence:
    """`cells`: SQL of the mapped cells (`line` and FIELDS), "" where the table is gone. Rows are counted in DuckDB, over
    the mapped columns alone, and once for a reading and a mapping (`files.kept_answers`)."""
    clues = header_clues(file.header) + comment_clues(lines_above(file))
    clues += column_clues(name for place in POSITIONED if (name := mapping.get(place)))
    not_rcrs = other_mitochondria(file.header, clues)
    told = _Told()
    if cells and (mapping.get("chrom") and mapping.get("start") or mapping.get("variant") or mapping.get("hgvs_g")):
        asked = {name: mapping.get(name) for name in ASKED}
        found = kept(file, ["assembly", asked], lambda: asdict(_of_rows(cells, mapping)))
        told = _Told(**found | {"clues": [Clue(**clue) for clue in found["clues"]]})
    return Evidence(clues + told.clues, told.row_sentences, told.placed, told.unsaid, file.assembly, not_rcrs)


def _of_rows(cells: str, mapping: Mapping[str, str | None]) -> _Told:
    """All rows are asked: a second for a million."""
    with store.connect() as db:
        db.execute(MACROS)
        make_place_tables(db)
        db.execute(_PLACED.format(cells=cells))
        if mapping.get("variant"):
            db.execute(_PLACED_IN_ONE_CELL.format(cells=cells))
        if mapping.get("variant") or mapping.get("hgvs_g"):
            db.execute(_PLACED_BY_NAME.format(cells=cells))
        placed, unsaid = db.execute(_COUNT).fetchone() or (0, 0)
        if not placed:
            return _Told([], [], placed, unsaid)
        clues, sentences = _of_contigs(db.execute(_CONTIGS).fetchall()), []
        if mapping.get("assembly"):
            sentences = _of_column(str(mapping["assembly"]), db.execute(_BY_ASSEMBLY).fetchall())
        if unsaid and any(mapping.get(name) for name in NAMED):
            clues += _of_names(db.execute(_NAMES.format(cells=cells, rows=NAMES_LOOKED_AT)).fetchall())
        return _Told(clues, sentences, placed, unsaid)


def lines_above(file: DataFile) -> list[str]:
    """What stands above the line of column names in a text table, from the original; nothing of other formats."""
    above = file.reading.get("preamble")
    if not above or file.is_vcf or file.format == "parquet" or file.format in WORKBOOKS:
        return []
    try:
        head = source_of(file).head(ABOVE_BYTES)
        text = head.decode(file.reading.get("encoding") or "utf-8", "replace")
    except (NotATable, OSError, LookupError):
        return []  # the table is read all the same; what cannot be looked at says nothing
    return text.removeprefix("\ufeff").splitlines()[: min(int(above), ABOVE_LINES)]


# Rows with a place, counted by what they say of it: grouped before any pattern is tried, so that millions take seconds.
_PLACED = """
CREATE OR REPLACE TEMP TABLE placed AS
SELECT given(chrom) AS chrom_cell, given(accession) AS accession, given(assembly) AS assembly, sum(n)::BIGINT AS n
FROM (SELECT chrom, accession, assembly, count(*) AS n FROM ({cells}) WHERE given(start) IS NOT NULL GROUP BY ALL)
WHERE given(chrom) IS NOT NULL GROUP BY ALL
"""
_PLACED_IN_ONE_CELL = """
INSERT INTO placed SELECT place_of(variant).chrom AS chrom_cell, given(accession), given(assembly), count(*)
FROM ({cells}) WHERE given(variant) IS NOT NULL AND given(chrom) IS NULL AND given(start) IS NULL
GROUP BY ALL HAVING chrom_cell <> ''
"""
# `chr7:g.117559593A>G` says which chromosome, and not of which assembly.
_PLACED_BY_NAME = """
INSERT INTO placed SELECT chromosome_named(name) AS chrom_cell, NULL, assembly, count(*)
FROM (
  SELECT given(assembly) AS assembly, coalesce(CASE WHEN is_of_chromosome(squeezed(hgvs_g)) THEN squeezed(hgvs_g) END,
      CASE WHEN is_of_chromosome(squeezed(variant)) THEN squeezed(variant) END) AS name
  FROM ({cells}) WHERE given(chrom) IS NULL AND given(start) IS NULL
) WHERE name IS NOT NULL GROUP BY ALL
"""
_COUNT = """
SELECT coalesce(sum(n), 0)::BIGINT, coalesce(sum(n) FILTER (assembly IS NULL AND NOT tells_assembly(chrom_cell)
  AND NOT tells_assembly(coalesce(accession, ''))), 0)::BIGINT FROM placed
"""
_BY_ASSEMBLY = """
SELECT coalesce(assembly_of(assembly), left(assembly, 40)) AS whose, sum(n)::BIGINT AS rows
FROM placed GROUP BY 1 ORDER BY rows DESC, 1 LIMIT 6
"""
_CONTIGS = f"""
SELECT CASE WHEN tells_assembly(coalesce(accession, '')) THEN accession ELSE chrom_cell END AS name, sum(n)::BIGINT AS rows
FROM placed WHERE assembly IS NULL GROUP BY 1 ORDER BY rows DESC, 1 LIMIT {MOST_CONTIGS}
"""
# Genomic names of substitutions on the row's own chromosome. A row tells where one assembly's name is at its position
# (or one base on, where starts count from 0) and no other one's is.
_NAMES = """
WITH rows AS (
  SELECT line, chrom, start, concat_ws(' ', hgvs_g, hgvs_c, other_names, variant) AS names FROM ({cells})
  WHERE start IS NOT NULL AND given(assembly) IS NULL AND contains(concat_ws(' ', hgvs_g, hgvs_c, other_names, variant), ':g.')
  LIMIT {rows:d}
), named AS (
  SELECT line, chrom_named(chrom) AS chrom, TRY_CAST(replace(trim(start), ',', '') AS BIGINT) AS start_number,
    unnest(regexp_extract_all(names, 'NC_0000[0-9][0-9][.][0-9]+:g[.][0-9]+[ACGT]>[ACGT]')) AS name
  FROM rows
), told AS (
  SELECT line, contig_assembly AS assembly,
    bool_or(TRY_CAST(regexp_extract(name, 'g[.]([0-9]+)', 1) AS BIGINT) - start_number IN (0, 1)) AS is_near
  FROM named JOIN contigs ON contig = split_part(name, ':', 1) AND contig_chrom = chrom
  WHERE contig_assembly IS NOT NULL GROUP BY 1, 2
), alone AS (
  SELECT *, is_near AND count(*) FILTER (is_near) OVER (PARTITION BY line) = 1 AS tells FROM told
)
SELECT assembly, count(*) FILTER (tells) AS telling, count(*) AS n FROM alone GROUP BY 1 ORDER BY 1
"""


def _of_column(column: str, counted: list[tuple[str | None, int]]) -> list[str]:
    rows = ", ".join(f"{count:,} {'say nothing' if whose is None else f'say {whose}'}" for whose, count in counted)
    return [f"Column {column[:60]} says it row by row: of the rows with a place {rows}."]


def _of_contigs(counted: list[tuple[str, int]]) -> list[Clue]:
    """Versions of accessions are proof where all are of one genome and half of the rows have one.

    Else each row that has one knows its own, and says nothing of the others.
    """
    rows: dict[tuple[str, bool], int] = {}
    names: dict[tuple[str, bool], str] = {}
    for name, count in counted:
        if genome := assembly_of_name(name):
            kind = genome, bool(chrom_of(name))
            rows[kind] = rows.get(kind, 0) + count
            names.setdefault(kind, name)
    telling = {kind: count for kind, count in rows.items() if kind[1]}
    proves = len(telling) == 1 and 2 * sum(telling.values()) >= sum(count for _, count in counted)
    return [
        Clue(
            kind[0],
            _sentence(count, f"names {names[kind][:60]}", f"name {names[kind][:60]} or the like", kind[0]),
            kind[1],
        )
        for kind, count in rows.items()
        if proves or not kind[1]
    ]


def _of_names(counted: list[tuple[str, int, int]]) -> Iterator[Clue]:
    for assembly, telling, named in counted:
        if assembly in TAKEN and telling and telling >= NEAR * named:
            yield Clue(
                assembly,
                _sentence(
                    telling, "has its own position in a g. name", "have their own position in a g. name", assembly
                ),
                is_proof=True,
            )


def _sentence(count: int, one: str, many: str, genome: str) -> str:
    return f"{count:,} {f'row {one}' if count == 1 else f'rows {many}'}, of {called(genome)}."
