"""Small VCF texts for tests, and how they are read."""

from pathlib import Path
from typing import Any

import duckdb

from files.readers.choices import Choices
from files.readers.findings import Outcome
from files.readers.parts import part_paths
from files.readers.source import open_source
from files.readers.vcf import read_vcf

META = """##fileformat=VCFv4.2
##reference=file:///ref/GRCh38.fa
##FILTER=<ID=q10,Description="Quality below 10">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">
##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency, of each \\"ALT\\" allele">
##INFO=<ID=DB,Number=0,Type=Flag,Description="In dbSNP">
##INFO=<ID=GENE,Number=1,Type=String,Description="Gene">
##INFO=<ID=UNUSED,Number=1,Type=String,Description="Never there">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Depth of each allele">
##contig=<ID=chr1,length=248956422,assembly=GRCh38>
##contig=<ID=chr2,length=242193529,assembly=GRCh38>
"""
NAMES = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
SITES = META + NAMES + "\n"
SAMPLES = META + NAMES + "\tFORMAT\tanna\tben\n"
LINE = "chr1\t100\trs1\tA\tG\t50.5\tPASS\tDP=10;AF=0.5\n"
FIRST = SITES.count("\n") + 1  # physical line of the first data line


def vcf(*lines: str, head: str = SITES) -> str:
    """Lines are cells between blanks, for legibility: `chr1 100 . A G . . .`"""
    return head + "".join("\t".join(line.split(" ")) + "\n" for line in lines)


def read_text(text: str | bytes, folder: Path, **options: Any) -> Outcome:
    folder.mkdir(exist_ok=True, parents=True)
    path = folder / "file"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    choices = options.pop("choices", Choices())
    return read_vcf(open_source(path), folder, choices, lambda *_: None, **options)


def table(outcome: Outcome, folder: Path) -> list[dict[str, Any]]:
    """Rows by column name, `line` first; what is null is left out."""
    rows: dict[int, dict[str, Any]] = {}
    names = {column["at"]: column["name"] for column in outcome.columns}
    for paths in part_paths(folder / "table"):
        listed = ", ".join(f"'{path}'" for path in paths)
        found = duckdb.sql(f"SELECT * FROM read_parquet([{listed}]) ORDER BY line")
        places = [int(name[1:]) for name in found.columns[1:]]
        for line, *cells in found.fetchall():
            row = rows.setdefault(line, {"line": line})
            for at, cell in zip(places, cells, strict=True):
                if at in names:
                    row |= {names[at]: cell} if cell is not None else {}
                else:
                    assert cell is None, "a column that is left out holds something"
    return list(rows.values())


def rejects(folder: Path) -> list[dict[str, Any]]:
    paths = part_paths(folder / "rejects")[0]
    listed = ", ".join(f"'{path}'" for path in paths)
    found = duckdb.sql(f"SELECT * FROM read_parquet([{listed}]) ORDER BY line").fetchall()
    return [
        {"line": line, "offset": int(offset), "column": column, "reason": reason, "text": text}
        for line, offset, column, reason, text, _ in found
    ]


def kinds(outcome: Outcome) -> dict[str, tuple[int, int | None]]:
    """Warnings: kind -> how often, first line."""
    return {warned["kind"]: (warned["count"], warned["first_line"]) for warned in outcome.warnings}
