"""What says which assembly a file's positions are on: its header, the lines above its table, its columns and its rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from files import store
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


def seen(file: DataFile, cells: str, mapping: Mapping[str, str | None]) -> Evidence:
    """`cells`: SQL of the mapped cells (`line` and FIELDS). Rows are counted in DuckDB, over the mapped columns alone."""
    clues = header_clues(file.header) + comment_clues(lines_above(file))
    clues += column_clues(name for field in POSITIONED if (name := mapping.get(field)))
    not_rcrs = other_mitochondria(file.header, clues)
    placed, unsaid, sentences = 0, 0, []
    if mapping.get("chrom") and mapping.get("start") or mapping.get("variant"):
        with store.connect() as db:
            db.execute(MACROS)
            make_place_tables(db)
            placed, unsaid = db.execute(_COUNT.format(cells=cells)).fetchone() or (0, 0)
            if mapping.get("assembly") and placed:
                sentences = _of_column(
                    str(mapping["assembly"]), db.execute(_BY_ASSEMBLY.format(cells=cells)).fetchall()
                )
            if placed:
                clues += _of_contigs(db.execute(_CONTIGS.format(cells=cells)).fetchall())
            if unsaid and any(mapping.get(field) for field in ("hgvs_g", "hgvs_c", "other_names", "variant")):
                clues += _of_names(db.execute(_NAMES.format(cells=cells)).fetchall())
    return Evidence(clues, sentences, placed, unsaid, file.assembly, not_rcrs)


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


# Rows with a place; those of them where neither a cell nor the version of an accession says which assembly.
_PLACED = """
  SELECT *, tells_assembly(coalesce(chrom, '')) OR tells_assembly(coalesce(accession, '')) AS told_by_accession,
    CASE WHEN given(chrom) IS NULL AND given(start) IS NULL THEN place_of(variant).chrom ELSE given(chrom) END AS chrom_cell,
    CASE WHEN given(chrom) IS NULL AND given(start) IS NULL THEN place_of(variant).pos ELSE given(start) END AS start_cell
  FROM ({cells}) WHERE given(chrom) IS NOT NULL AND given(start) IS NOT NULL
    OR given(chrom) IS NULL AND given(start) IS NULL AND coalesce(place_of(variant).chrom, '') <> ''
"""
_COUNT = f"""
SELECT count(*), count(*) FILTER (given(assembly) IS NULL AND NOT told_by_accession AND NOT tells_assembly(chrom_cell))
FROM ({_PLACED})
"""
_BY_ASSEMBLY = f"""
SELECT coalesce(assembly_of(given(assembly)), left(given(assembly), 40)) AS assembly, count(*) AS n
FROM ({_PLACED}) GROUP BY 1 ORDER BY n DESC, 1 LIMIT 6
"""
_CONTIGS = f"""
SELECT CASE WHEN tells_assembly(coalesce(accession, '')) THEN accession ELSE chrom_cell END AS name, count(*) AS n
FROM ({_PLACED}) WHERE given(assembly) IS NULL GROUP BY 1 ORDER BY n DESC, 1 LIMIT {MOST_CONTIGS}
"""
# Genomic names of substitutions on the row's own chromosome. A row tells where one assembly's name is at its position
# (or one base on, where starts count from 0) and no other one's is.
_NAMES = f"""
WITH named AS (
  SELECT line, chrom_named(chrom_cell) AS chrom, TRY_CAST(replace(start_cell, ',', '') AS BIGINT) AS start_number,
    unnest(regexp_extract_all(concat_ws(' ', hgvs_g, hgvs_c, other_names, variant), 'NC_0000[0-9]{{{{2}}}}[.][0-9]{{{{1,2}}}}:g[.][0-9]+[ACGT]>[ACGT]')) AS name
  FROM ({_PLACED}) WHERE given(assembly) IS NULL AND NOT told_by_accession
), told AS (
  SELECT line, contig_assembly AS assembly,
    bool_or(CAST(regexp_extract(name, 'g[.]([0-9]{{{{1,10}}}})', 1) AS BIGINT) - start_number IN (0, 1)) AS is_near
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
    """Versions of accessions are proof where all are of one genome; where they are not, each row knows its own."""
    rows: dict[tuple[str, bool], int] = {}
    names: dict[tuple[str, bool], str] = {}
    for name, count in counted:
        if genome := assembly_of_name(name):
            kind = genome, bool(chrom_of(name))
            rows[kind] = rows.get(kind, 0) + count
            names.setdefault(kind, name)
    proven = {genome for genome, is_proof in rows if is_proof}
    return [
        Clue(
            genome,
            _sentence(count, f"name {names[genome, proof][:60]}" + ("" if count == 1 else " or the like"), genome),
            proof,
        )
        for (genome, proof), count in rows.items()
        if not (proof and len(proven) > 1)
    ]


def _of_names(counted: list[tuple[str, int, int]]) -> Iterator[Clue]:
    for assembly, telling, named in counted:
        if assembly in TAKEN and telling and telling >= NEAR * named:
            yield Clue(assembly, _sentence(telling, "have their own position in a g. name", assembly), is_proof=True)


def _sentence(count: int, what: str, genome: str) -> str:
    return f"{count:,} row{'' if count == 1 else 's'} {what}, of {called(genome)}."
