"""Files to import, written by DuckDB: the same bytes for the same seed, other places for another seed.

Row `i` of `seed` has a place of its own on GRCh38, so files of different seeds (and as many rows) share no variant but
those that are repeated on purpose. Lines are ordered by place, as in a real VCF, and spread over all of chromosomes 1 to 22.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

SEEDS = 32  # so many files of one size fit beside each other
FIRST_POS, LAST_POS = 10_000, 46_000_000  # on each chromosome; the shortest has 46.7 million bases
REPEATED = 32  # one row in so many is that of another seed
ACCESSIONS = [  # of chromosomes 1 to 22 of GRCh38
    "NC_000001.11", "NC_000002.12", "NC_000003.12", "NC_000004.12", "NC_000005.10", "NC_000006.12",
    "NC_000007.14", "NC_000008.11", "NC_000009.12", "NC_000010.11", "NC_000011.10", "NC_000012.12",
    "NC_000013.11", "NC_000014.9", "NC_000015.10", "NC_000016.10", "NC_000017.11", "NC_000018.10",
    "NC_000019.10", "NC_000020.11", "NC_000021.9", "NC_000022.11",
]  # fmt: skip

# `h`: a number that is random, but the same in each run. `b` is the base of the reference, `b1` to `b3` are the others.
# Of ten rows one is a deletion, one an insertion and one has two alleles. What is put in or taken out does not begin or
# end with its neighbour, so that no row can be written at another place.
PLACES = """
SELECT line, chrom, accession, pos, h, sort, b, b1, b2, b3, b || CASE sort WHEN 'del' THEN b1 ELSE '' END AS ref,
  CASE sort WHEN 'del' THEN b WHEN 'ins' THEN b || b1 || b2 ELSE b1 END AS alt,
  accession || ':g.' || CASE sort WHEN 'del' THEN (pos + 1) || 'del' WHEN 'ins' THEN pos || '_' || (pos + 1) || 'ins' || b1 || b2
    ELSE pos || b || '>' || b1 END AS hgvs_g
FROM (
  SELECT *, CASE (h // 64) % 10 WHEN 0 THEN 'del' WHEN 1 THEN 'ins' WHEN 2 THEN 'two' ELSE 'one' END AS sort,
    'ACGT'[1 + h % 4] AS b, 'ACGT'[1 + (h + 1 + (h // 4) % 3) % 4] AS b1,
    'ACGT'[1 + (h + 1 + (h // 4 + 1) % 3) % 4] AS b2, 'ACGT'[1 + (h + 1 + (h // 4 + 2) % 3) % 4] AS b3
  FROM (
    SELECT i AS line, 1 + i // $per AS chrom, $first + ((i % $per) * $seeds + seed) * $step AS pos,
      (hash(i * $seeds + seed) % 4294967296)::BIGINT AS h
    FROM (SELECT i, CASE WHEN $repeats IS NOT NULL AND i % $repeated = 7 THEN $repeats ELSE $seed END AS seed
          FROM range($rows) AS numbers(i))
  )
) JOIN accessions USING (chrom)
"""

SIGNIFICANCE = "['Pathogenic', 'Benign', 'Uncertain_significance', 'Likely_benign', 'Likely_pathogenic'][1 + h % 5]"
REVIEW = "['criteria_provided,_single_submitter', 'criteria_provided,_multiple_submitters,_no_conflicts'][1 + h % 2]"
TWO = "CASE sort WHEN 'two' THEN ',' || {} ELSE '' END"
# Key -> (Number, Type, SQL). Of a line with two alleles those with Number A say something of each.
INFO = {
    "AC": ("A", "Integer", "1 + h % 200 || " + TWO.format("1 + h % 7")),
    "AF": ("A", "Float", "round((h % 1000003) / 1000003.0, 6) || " + TWO.format("round((h % 10007) / 1000003.0, 6)")),
    "AN": ("1", "Integer", "200"),
    "DP": ("1", "Integer", "10 + h % 300"),
    "ALLELEID": ("A", "Integer", "h % 2999999 || " + TWO.format("3000000 + h % 2999999")),
    "GENEINFO": ("1", "String", "symbol || ':' || h % 99999"),
    "CLNSIG": ("1", "String", SIGNIFICANCE),
    "CLNREVSTAT": (".", "String", REVIEW),
    "CLNHGVS": ("A", "String", "hgvs_g || " + TWO.format("accession || ':g.' || pos || b || '>' || b2")),
    "RS": ("1", "Integer", "h % 1000000007"),
}
COLUMNS = {
    "variation_id": "h % 2999999",
    "gene": "symbol",
    "transcript": "'NM_' || lpad((h % 20011)::VARCHAR, 6, '0') || '.' || 1 + h % 5",
    "hgvs_c": "'c.' || 1 + h % 9001 || CASE sort WHEN 'del' THEN 'del' WHEN 'ins' THEN '_' || 2 + h % 9001 || 'ins' || b1 || b2"
              " ELSE b || '>' || b1 END",
    "hgvs_p": "CASE sort WHEN 'del' THEN 'p.Arg' || 1 + h % 3001 || 'fs' WHEN 'ins' THEN NULL"
              " ELSE 'p.Arg' || 1 + h % 3001 || 'Gly' END",
    "rsid": "'rs' || h % 1000000007",
    "assembly": "'GRCh38'",
    "chrom": "chrom",
    "pos": "pos",
    "ref": "ref",
    "alt": "alt",
    "hgvs_g": "hgvs_g",
    "consequence": "['missense_variant', 'synonymous_variant', 'stop_gained', 'intron_variant'][1 + h % 4]",
    "classification": f"replace({SIGNIFICANCE}, '_', ' ')",
    "review_status": f"replace({REVIEW}, '_', ' ')",
    "condition": "'Hereditary condition of type ' || h % 3001 || ', autosomal dominant'",
    "source": "'Laboratory ' || h % 97",
    "last_evaluated": "DATE '2012-01-01' + (h % 4000)::INT",
    "submitted": "DATE '2013-01-01' + (h % 3989)::INT",
    "comment": "'Seen in ' || 1 + h % 40 || ' families; segregates with the condition in ' || 1 + h % 9",
    "n_submitters": "1 + h % 9",
}  # fmt: skip
VCF_HEAD = [
    "##fileformat=VCFv4.2", "##reference=GRCh38", *(f"##contig=<ID={chrom}>" for chrom in range(1, 23)),
    *(f'##INFO=<ID={key},Number={number},Type={kind},Description="{key}">' for key, (number, kind, _) in INFO.items()),
    "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]),
]  # fmt: skip
FIRST_LINE = {"vcf": len(VCF_HEAD) + 1, "tsv": 2}


@dataclass(frozen=True)
class Sample:
    """A file that is written. `repeats`: the seed whose variants one row in REPEATED speaks of again."""

    path: Path
    rows: int
    seed: int
    repeats: int | None

    @property
    def repeated(self) -> int:
        """How many rows are those of the seed `repeats`."""
        return 0 if self.repeats is None else len(range(7, self.rows, REPEATED))


@dataclass(frozen=True)
class Known:
    """What must be found after the import: a variant as a person would look for it, and the line that it is from."""

    place: str
    line: int


def write(
    path: Path, rows: int, seed: int, genes: Sequence[tuple[str, int, str]], repeats: int | None = None
) -> Sample:
    """A VCF or TSV, as the name's end says. `genes`: chromosome, start (1-based) and symbol of the gene table."""
    with duckdb.connect(config={"threads": 2}) as db:
        _make_rows(db, rows, seed, genes, repeats)
        if path.suffix == ".vcf":
            _write_vcf(db, path)
        else:
            cells = ", ".join(f"{sql} AS {name}" for name, sql in COLUMNS.items())
            table = f"SELECT {cells} FROM sample ORDER BY line"
            db.execute(f"COPY ({table}) TO '{path}' (FORMAT csv, DELIMITER '\t', QUOTE '', HEADER)")
    return Sample(path, rows, seed, repeats)


def known(sample: Sample) -> list[Known]:
    """Of a row at the beginning, in the middle and at the end."""
    with duckdb.connect() as db:
        _make_rows(db, sample.rows, sample.seed, [], sample.repeats)
        lines = sorted({0, sample.rows // 2, sample.rows - 1})
        found = db.execute("SELECT chrom || '-' || pos || '-' || ref || '-' || alt, line FROM sample WHERE line IN $lines"
                           " ORDER BY line", {"lines": lines}).fetchall()  # fmt: skip
    first = FIRST_LINE[sample.path.suffix[1:]]
    return [Known(place, line + first) for place, line in found]


def _make_rows(
    db: duckdb.DuckDBPyConnection, rows: int, seed: int, genes: Sequence[tuple[str, int, str]], repeats: int | None
) -> None:
    """The table `sample`: a row names the gene that begins last before it, as most lines of a real file do."""
    if not 0 <= seed < SEEDS:
        raise ValueError(f"A seed is a number from 0 to {SEEDS - 1}.")
    db.execute("CREATE TABLE accessions AS SELECT unnest(range(1, 23)) AS chrom, unnest($names) AS accession",
               {"names": ACCESSIONS})  # fmt: skip
    chroms, starts, symbols = zip(*genes, strict=True) if genes else ((), (), ())
    db.execute("CREATE TABLE genes AS SELECT unnest($chroms::VARCHAR[])::BIGINT AS chrom, unnest($starts::BIGINT[]) AS start,"
               " unnest($symbols::VARCHAR[]) AS symbol",
               {"chroms": list(chroms), "starts": list(starts), "symbols": list(symbols)})  # fmt: skip
    per = rows // 22 + 1
    values = {
        "rows": rows, "seed": seed, "repeats": repeats, "per": per, "seeds": SEEDS, "first": FIRST_POS,
        "step": max((LAST_POS - FIRST_POS) // (per * SEEDS), 1), "repeated": REPEATED,
    }  # fmt: skip
    db.execute(f"CREATE TABLE sample AS SELECT p.*, coalesce(g.symbol, 'BRCA1') AS symbol FROM ({PLACES}) p"
               " ASOF LEFT JOIN genes g ON g.chrom = p.chrom AND g.start <= p.pos", values)  # fmt: skip


def _write_vcf(db: duckdb.DuckDBPyConnection, path: Path) -> None:
    info = " || ';' || ".join(f"'{key}=' || {sql}" for key, (_, _, sql) in INFO.items())
    alts = "alt || " + TWO.format("b2")
    body = (
        f"SELECT chrom, pos, 'rs' || h % 1000000007, ref, {alts}, 10 + h % 90, 'PASS', {info} FROM sample ORDER BY line"
    )
    part = path.with_suffix(".part")
    db.execute(f"COPY ({body}) TO '{part}' (FORMAT csv, DELIMITER '\t', QUOTE '', HEADER false)")
    with path.open("wb") as whole, part.open("rb") as rows:
        whole.write("\n".join([*VCF_HEAD, ""]).encode())
        shutil.copyfileobj(rows, whole, 1 << 20)
    part.unlink()
