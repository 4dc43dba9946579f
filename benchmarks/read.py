"""Reading a file as an upload is read, line numbers and checks and all, beside DuckDB told everything by hand."""

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from project.env import BASE_DIR

ROWS, LINES = 300_000, 100_000
FULL_ROWS, FULL_LINES = 5_000_000, 1_000_000

# SQL of the row number `i` and of a number `h` that is random, but the same in each run.
COLUMNS = {
    "assembly": ("'GRCh38'", "VARCHAR"),
    "chrom": ("CASE WHEN i * 24 // $rows < 22 THEN (1 + i * 24 // $rows)::VARCHAR ELSE 'X' END", "VARCHAR"),
    "pos": ("10000 + i * 37 % 240000000", "BIGINT"),
    "ref": ("'ACGT'[1 + h % 4]", "VARCHAR"),
    "alt": ("'CGTA'[1 + h % 4]", "VARCHAR"),
    "rsid": ("'rs' || h % 1000000007", "VARCHAR"),
    "variation_id": ("h % 2999999", "BIGINT"),
    "gene": ("'GENE' || (h % 20011) * (h % 11) // 10", "VARCHAR"),
    "transcript": ("'NM_' || lpad((h % 20011)::VARCHAR, 6, '0') || '.' || 1 + h % 5", "VARCHAR"),
    "hgvs_c": ("'c.' || 1 + h % 9001 || ref || '>' || alt", "VARCHAR"),
    "hgvs_p": ("'p.Arg' || 1 + h % 3001 || 'Gly'", "VARCHAR"),
    "consequence": (
        "['missense_variant', 'synonymous_variant', 'stop_gained', 'intron_variant'][1 + h % 4]",
        "VARCHAR",
    ),
    "classification": ("['Pathogenic', 'Benign', 'Uncertain significance', 'Likely benign'][1 + h % 4]", "VARCHAR"),
    "review_status": ("'criteria provided, ' || ['single submitter', 'multiple submitters'][1 + h % 2]", "VARCHAR"),
    "condition": ("'Hereditary condition of type ' || h % 3001 || ', autosomal dominant'", "VARCHAR"),
    "source": ("'ClinVar'", "VARCHAR"),
    "last_evaluated": ("DATE '2012-01-01' + (h % 4000)::INT", "DATE"),
    "submitted": ("DATE '2013-01-01' + (h % 3989)::INT", "DATE"),
    "af": ("round((h % 1000003) / 1000003.0, 6)", "DOUBLE"),
    "n_submitters": ("1 + h % 9", "BIGINT"),
}
INFO = {
    "AC": ("Integer", "h % 200", "BIGINT"),
    "AF": ("Float", "round((h % 1000003) / 1000003.0, 6)", "DOUBLE"),
    "AN": ("Integer", "200", "BIGINT"),
    "DP": ("Integer", "10 + h % 300", "BIGINT"),
    "MQ": ("Float", "round(20 + h % 401 / 10.0, 1)", "DOUBLE"),
    "ALLELEID": ("Integer", "h % 2999999", "BIGINT"),
    "GENE": ("String", "'GENE' || h % 20011", "VARCHAR"),
    "CLNSIG": ("String", "['Pathogenic', 'Benign', 'Uncertain_significance'][1 + h % 3]", "VARCHAR"),
    "CLNHGVS": ("String", "'NC_0000' || 10 + h % 15 || '.11:g.' || 10000 + i * 37 || 'A>G'", "VARCHAR"),
    "CLNDN": ("String", "'Hereditary_condition_of_type_' || h % 3001", "VARCHAR"),
}
FIXED = {"CHROM": "VARCHAR", "POS": "BIGINT", "ID": "VARCHAR", "REF": "VARCHAR", "ALT": "VARCHAR", "QUAL": "DOUBLE",
         "FILTER": "VARCHAR", "INFO": "VARCHAR"}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    rows: int
    cpu_s: float
    peak_mb: int


def read_tables(full: bool = False) -> Iterator[str]:
    """rows a CPU second and peak memory of reading a file into Parquet, over DuckDB's own typed read of it"""
    folder = Path(os.environ.get("VAR_DIR", BASE_DIR / ".var-bench")) / "read"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield f"{'':<22}{'rows':>10}{'MB':>7}  {'here/s':>9}{'MB peak':>9}  {'DuckDB/s':>9}{'MB peak':>9}  {'ratio':>6}"
        for name, rows in write_samples(folder, FULL_ROWS if full else ROWS, FULL_LINES if full else LINES):
            yield line(folder / name, rows)
            (folder / name).unlink()
    finally:
        shutil.rmtree(folder)


def line(path: Path, rows: int) -> str:
    here, peer = in_child("here", path), in_child("duckdb", path)
    for reading in (here, peer):
        if reading.rows != rows:
            raise RuntimeError(f"{path.name}: {reading.rows} of {rows} rows were read")
    speeds = [rows / reading.cpu_s for reading in (here, peer)]
    return (
        f"{path.name:<22}{rows:>10,}{path.stat().st_size >> 20:>7,}  {speeds[0]:>9,.0f}{here.peak_mb:>9,}"
        f"  {speeds[1]:>9,.0f}{peer.peak_mb:>9,}  {speeds[0] / speeds[1]:>6.2f}"
    )


def write_samples(folder: Path, rows: int, lines: int) -> Iterator[tuple[str, int]]:
    """Names of files in `folder`, written one after another, and how many rows each has."""
    cells = ", ".join(f"{sql} AS {name}" for name, (sql, _) in COLUMNS.items())
    source = f"(SELECT i, (hash(i) % 4294967296)::BIGINT AS h FROM range({rows:d}) AS numbers(i))"
    table = f"SELECT {cells} FROM {source}".replace("$rows", str(rows))
    with duckdb.connect(config={"threads": 1}) as db:
        db.execute(f"COPY ({table}) TO '{folder / 'table.tsv'}' (FORMAT csv, DELIMITER '\t', QUOTE '', HEADER)")
        yield "table.tsv", rows
        db.execute(f"COPY ({table}) TO '{folder / 'quoted.csv'}' (FORMAT csv, HEADER, FORCE_QUOTE *)")
        yield "quoted.csv", rows
        write_vcf(db, folder / "plain.vcf", lines)
        zipped = folder / "packed.vcf.gz"
        with (folder / "plain.vcf").open("rb") as plain, gzip.open(zipped, "wb", compresslevel=5) as packed:
            shutil.copyfileobj(plain, packed, 1 << 20)
    yield "plain.vcf", lines
    yield zipped.name, lines


def write_vcf(db: duckdb.DuckDBPyConnection, path: Path, lines: int) -> None:
    head = ["##fileformat=VCFv4.2"]
    head += [f'##INFO=<ID={key},Number=1,Type={kind},Description="{key}">' for key, (kind, _, _) in INFO.items()]
    info = " || ';' || ".join(f"'{key}=' || {sql}" for key, (_, sql, _) in INFO.items())
    body = (
        f"SELECT 1 + i * 22 // {lines:d}, 10000 + i * 37, 'rs' || h, 'ACGT'[1 + h % 4], 'CGTA'[1 + h % 4], 10 + h % 90,"
        f" 'PASS', {info} FROM (SELECT i, (hash(i) % 4294967296)::BIGINT AS h FROM range({lines:d}) AS numbers(i))"
    )
    part = path.with_suffix(".part")
    db.execute(f"COPY ({body}) TO '{part}' (FORMAT csv, DELIMITER '\t', QUOTE '', HEADER false)")
    with path.open("wb") as whole, part.open("rb") as rows:
        whole.write("\n".join([*head, "#" + "\t".join(FIXED), ""]).encode())
        shutil.copyfileobj(rows, whole, 1 << 20)
    part.unlink()


def in_child(reader: str, path: Path) -> Reading:
    """A fresh process, so that its peak is its own."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        command = [sys.executable, "-m", "benchmarks.read", reader, str(path), folder]
        done = subprocess.run(command, cwd=BASE_DIR, check=True, capture_output=True, text=True)
    return Reading(**json.loads(done.stdout.splitlines()[-1]))


def peak_mb() -> int:
    """Of this process. Not ru_maxrss: that begins at what the parent had."""
    for said in Path("/proc/self/status").read_text().splitlines():
        if said.startswith("VmHWM"):
            return int(said.split()[1]) >> 10
    raise OSError("no VmHWM in /proc/self/status")


def read_here(path: Path, folder: Path) -> int:
    from files.readers.reading import Choices, Limits, read_any

    outcome = read_any(path, folder, Choices(), Limits(), lambda *said: None)
    if outcome.rejected:
        raise RuntimeError(f"{path.name}: {outcome.reasons}")
    return outcome.rows


def read_with_duckdb(path: Path, folder: Path) -> int:
    """DuckDB with types and dialect given: no line numbers, no rejects, no definitions."""
    if ".vcf" in path.suffixes:
        columns, select = FIXED, vcf_select()
        dialect = f"delim='\t', quote='', escape='', header=false, skip={len(INFO) + 2}, nullstr='.'"
    else:
        columns, select = {name: kind for name, (_, kind) in COLUMNS.items()}, "*"
        quote = "'\"'" if path.suffix == ".csv" else "''"
        dialect = f"delim='{',' if path.suffix == '.csv' else chr(9)}', quote={quote}, escape={quote}, header=true"
    source = f"read_csv('{path}', columns={columns}, auto_detect=false, new_line='\\n', {dialect})"
    out = folder / "out.parquet"
    with duckdb.connect(config={"threads": 1, "memory_limit": "1GB"}) as db:
        db.execute(f"COPY (SELECT {select} FROM {source}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")
        found = db.execute(f"SELECT count(*) FROM read_parquet('{out}')").fetchone()
    return found[0] if found else 0


def vcf_select() -> str:
    keys = [f"regexp_extract(INFO, '(?:^|;){key}=([^;]*)', 1)::{kind} AS {key}" for key, (_, _, kind) in INFO.items()]
    return ", ".join([*list(FIXED)[:-1], *keys])


if __name__ == "__main__":
    reader, path, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    begun = time.process_time()
    count = (read_here if reader == "here" else read_with_duckdb)(path, folder)
    print(json.dumps({"rows": count, "cpu_s": time.process_time() - begun, "peak_mb": peak_mb()}))
