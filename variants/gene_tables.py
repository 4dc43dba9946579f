"""Gene tables in: the bundled one, HGNC's complete set, or a table with Entrez-style columns (`gene_info`).

Coordinates are GRCh38, 1-based, both ends included. A table without coordinates keeps those that are known.
"""

import csv
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.db import connection, transaction

from variants import merge_sql
from variants.merging import MERGE_LOCK
from variants.models import DataVersion
from variants.staging import COPY_NULL

MAX_SYMBOL = 80
BUNDLED = Path(__file__).parent / "reference" / "genes.tsv.gz"


class BadGeneTable(Exception):
    """The file is no gene table that we read; str() is fit for the user."""


@dataclass
class GeneRow:
    symbol: str
    name: str = ""
    hgnc_id: str = ""
    ensembl_id: str = ""
    chrom: str = ""
    start: int | None = None
    end: int | None = None
    strand: str = ""
    coding: bool = False
    exons: str | None = None  # int4multirange text, half-open
    aliases: list[str] = field(default_factory=list)
    previous: list[str] = field(default_factory=list)


def _listed(cell: str | None) -> list[str]:
    """`|`-separated names, quotes and blanks off, each once."""
    names = (part.strip().strip('"').strip() for part in (cell or "").split("|"))
    return list(dict.fromkeys(name for name in names if name and name != "-"))


def _multirange(cell: str) -> str | None:
    """`10-20,30-40` (both ends included) as `{[10,21),[30,41)}`."""
    pairs = [[int(end) for end in part.split("-")] for part in cell.split(",") if part]
    if any(len(pair) != 2 or pair[0] > pair[1] for pair in pairs):
        raise ValueError(f"{cell[:60]!r} are no exons such as 10-20,30-40")
    return "{" + ",".join(f"[{start},{end + 1})" for start, end in pairs) + "}" if pairs else None


def _bundled(row: dict[str, str]) -> GeneRow:
    if not 1 <= int(row["start"]) <= int(row["end"]):
        raise ValueError(f"start {row['start']} and end {row['end']} are no place")
    return GeneRow(
        symbol=row["symbol"], name=row["name"], ensembl_id=row["ensembl_id"], chrom=row["chrom"],
        start=int(row["start"]), end=int(row["end"]), strand=row["strand"], coding=row["coding"] == "1",
        exons=_multirange(row["exons"]), aliases=_listed(row["aliases"]),
    )  # fmt: skip


def _hgnc(row: dict[str, str]) -> GeneRow:
    return GeneRow(
        symbol=row["symbol"], name=row.get("name", ""), hgnc_id=row["hgnc_id"],
        ensembl_id=row.get("ensembl_gene_id", ""), coding=row.get("locus_group") == "protein-coding gene",
        aliases=_listed(row.get("alias_symbol")), previous=_listed(row.get("prev_symbol")),
    )  # fmt: skip


def _gene_info(row: dict[str, str]) -> GeneRow:
    return GeneRow(
        symbol=row["symbol"], hgnc_id=row.get("hgnc_id", ""), ensembl_id=row.get("ensembl_id", ""),
        coding=row.get("type") == "protein-coding", aliases=_listed(row["synonyms"]),
    )  # fmt: skip


READERS = [
    ({"symbol", "start", "end", "exons", "aliases"}, _bundled),
    ({"hgnc_id", "symbol", "alias_symbol", "prev_symbol"}, _hgnc),
    ({"symbol", "synonyms"}, _gene_info),
]


def _open(path: Path) -> IO[str]:
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    binary: Any = gzip.open(path) if packed else path.open("rb")  # noqa: SIM115 the text wrapper closes it
    return io.TextIOWrapper(binary, encoding="utf-8-sig", newline="")


def read_gene_table(path: Path) -> Iterator[GeneRow]:
    """The genes of a table, in file order. Raises BadGeneTable naming what is missing."""
    with _open(path) as stream:
        rows = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        columns = {name.strip() for name in rows.fieldnames or []}
        reader = next((read for needed, read in READERS if needed <= columns), None)
        if reader is None:
            raise BadGeneTable(
                f"{path.name} has the columns {', '.join(sorted(columns)[:8]) or 'none'}; a gene table needs"
                " symbol and synonyms, or HGNC's symbol, hgnc_id, alias_symbol and prev_symbol (tab-separated)."
            )
        for number, row in enumerate(rows, start=2):
            try:
                gene = reader({name.strip(): (cell or "").strip() for name, cell in row.items() if name})
            except ValueError as error:
                raise BadGeneTable(f"{path.name}, line {number}: {error}") from error
            if len(gene.symbol) > MAX_SYMBOL:
                raise BadGeneTable(f"{path.name}, line {number}: a symbol of {len(gene.symbol)} characters is none.")
            if gene.symbol:
                yield gene


_STAGE = """
CREATE TEMP TABLE new_gene (symbol text, name text, hgnc_id text, ensembl_id text, chrom text, start integer,
  "end" integer, strand text, coding boolean, exons int4multirange, gene_id bigint) ON COMMIT DROP;
CREATE TEMP TABLE new_name (symbol text, name text, written text, kind text) ON COMMIT DROP;
"""

# By symbol first; then by Ensembl id, so that a renamed gene keeps its row and its variants.
_REPLACE = """
DELETE FROM new_gene a USING new_gene b WHERE upper(a.symbol) = upper(b.symbol) AND a.ctid > b.ctid;
UPDATE new_gene n SET gene_id = g.id FROM variants_gene g WHERE upper(g.symbol) = upper(n.symbol);
UPDATE new_gene n SET gene_id = g.id FROM variants_gene g
  WHERE n.gene_id IS NULL AND n.ensembl_id <> '' AND g.ensembl_id = n.ensembl_id
    AND NOT EXISTS (SELECT FROM new_gene m WHERE m.gene_id = g.id)
    AND NOT EXISTS (SELECT FROM new_gene m WHERE m.ensembl_id = n.ensembl_id AND m.ctid < n.ctid);
DELETE FROM variants_genename;
-- Genes that the new table does not have stay where variants refer to them, else they go.
UPDATE variants_gene g SET listed = false WHERE NOT EXISTS (SELECT FROM new_gene n WHERE n.gene_id = g.id);
DELETE FROM variants_gene g WHERE NOT listed
  AND NOT EXISTS (SELECT FROM variants_variantgene l WHERE l.gene_id = g.id)
  AND NOT EXISTS (SELECT FROM variants_variant v WHERE v.gene_id = g.id);
UPDATE variants_gene g SET symbol = n.symbol, listed = true, coding = n.coding OR (n.chrom = '' AND g.coding),
    name = CASE WHEN n.name <> '' THEN n.name ELSE g.name END,
    hgnc_id = CASE WHEN n.hgnc_id <> '' THEN n.hgnc_id ELSE g.hgnc_id END,
    ensembl_id = CASE WHEN n.ensembl_id <> '' THEN n.ensembl_id ELSE g.ensembl_id END,
    chrom = CASE WHEN n.start IS NULL THEN g.chrom ELSE n.chrom END,
    start = coalesce(n.start, g.start), "end" = coalesce(n."end", g."end"),
    strand = CASE WHEN n.start IS NULL THEN g.strand ELSE n.strand END,
    exons = CASE WHEN n.start IS NULL THEN g.exons ELSE n.exons END
  FROM new_gene n WHERE n.gene_id = g.id;
INSERT INTO variants_gene (symbol, name, hgnc_id, ensembl_id, chrom, start, "end", strand, coding, exons, listed, variant_count)
  SELECT symbol, name, hgnc_id, ensembl_id, chrom, start, "end", strand, coding, exons, true, 0
  FROM new_gene WHERE gene_id IS NULL;
INSERT INTO variants_genename (gene_id, name, written, kind) SELECT id, upper(symbol), symbol, 'symbol' FROM variants_gene;
INSERT INTO variants_genename (gene_id, name, written, kind)
  SELECT DISTINCT ON (g.id, n.name) g.id, n.name, n.written, n.kind
  FROM new_name n JOIN variants_gene g ON upper(g.symbol) = upper(n.symbol)
  ORDER BY g.id, n.name, (n.kind <> 'previous') ON CONFLICT DO NOTHING;
"""

# A name that so far only files gave, and that the new table knows as one gene's other name, becomes that gene.
_RELINK = """
CREATE TEMP TABLE found ON COMMIT DROP AS
  SELECT old.id AS old_id, min(n.gene_id) AS gene_id
  FROM variants_gene old JOIN variants_genename n ON n.name = upper(old.symbol) AND n.gene_id <> old.id
  JOIN variants_gene g ON g.id = n.gene_id AND g.listed
  WHERE NOT old.listed GROUP BY old.id HAVING count(*) = 1;
CREATE TEMP TABLE touched_genes ON COMMIT DROP AS SELECT DISTINCT gene_id AS id FROM found;
INSERT INTO variants_variantgene (variant_id, gene_id, named)
  SELECT l.variant_id, found.gene_id, l.named FROM variants_variantgene l JOIN found ON found.old_id = l.gene_id
  ON CONFLICT (gene_id, variant_id) DO UPDATE SET named = variants_variantgene.named OR excluded.named;
UPDATE variants_variant v SET gene_id = found.gene_id FROM found WHERE v.gene_id = found.old_id;
DELETE FROM variants_variantgene l USING found WHERE l.gene_id = found.old_id;
DELETE FROM variants_genename n USING found WHERE n.gene_id = found.old_id;
DELETE FROM variants_gene g USING found WHERE g.id = found.old_id;
"""


def _copy(cursor: Any, table: str, rows: Iterator[list[Any]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([COPY_NULL if cell is None else cell for cell in row])
    text.seek(0)
    cursor.copy_expert(f"COPY {table} FROM STDIN WITH (FORMAT csv, NULL '{COPY_NULL}')", text)


def replace_genes(path: Path) -> tuple[int, int]:
    """Replace the gene table by the one in `path`, in one transaction. Returns (genes, other names)."""
    genes = list(read_gene_table(path))
    if not genes:
        raise BadGeneTable(f"{path.name} has a header and no genes.")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MERGE_LOCK])
        cursor.execute(_STAGE)
        _copy(
            cursor,
            'new_gene (symbol, name, hgnc_id, ensembl_id, chrom, start, "end", strand, coding, exons)',
            (
                [g.symbol, g.name, g.hgnc_id, g.ensembl_id, g.chrom, g.start, g.end, g.strand, g.coding, g.exons]
                for g in genes
            ),
        )
        others = [
            [g.symbol, name.upper(), name, kind]
            for g in genes
            for kind, names in (("alias", g.aliases), ("previous", g.previous))
            for name in names
            if len(name) <= 160
        ]
        _copy(cursor, "new_name", iter(others))
        cursor.execute(_REPLACE)
        cursor.execute(_RELINK)
        cursor.execute(merge_sql.COUNT_GENES)
        cursor.execute("ANALYZE variants_gene; ANALYZE variants_genename")
        DataVersion.bump()
    return len(genes), len(others)
