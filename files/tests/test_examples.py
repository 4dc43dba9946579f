"""Every file of docs/examples is read as docs/formats.md says."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from files.readers.choices import Choices, Limits
from files.readers.reading import read_any

DOCS = Path(__file__).resolve().parents[2] / "docs"
EXAMPLES = DOCS / "examples"


@dataclass(frozen=True)
class Example:
    format: str
    rows: int
    columns: int
    rejected: int = 0
    skipped: int = 0
    reading: tuple[tuple[str, object], ...] = ()  # facts of its reading that the file is an example for


# A new example is a line here and one in docs/formats.md.
EXPECTED = {
    "variants.csv": Example("csv", 4, 7, reading=(("delimiter", ","), ("compression", None))),
    "variants.tsv": Example("tsv", 4, 7),
    "semicolon-latin1.csv": Example("csv", 4, 7, reading=(("delimiter", ";"), ("encoding", "cp1252"))),
    "rejects.csv": Example("csv", 3, 3, rejected=1),
    "variants.csv.gz": Example("csv", 4, 7, reading=(("compression", "gzip"),)),
    "variants.csv.bz2": Example("csv", 4, 7, reading=(("compression", "bz2"),)),
    "variants.csv.xz": Example("csv", 4, 7, reading=(("compression", "xz"),)),
    "variants.csv.zst": Example("csv", 4, 7, reading=(("compression", "zstd"),)),
    "variants.zip": Example("csv", 4, 7, reading=(("compression", "zip"), ("member", "variants.csv"))),
    "variants.vcf": Example("vcf", 3, 14),
    "variants.maf": Example("maf", 5, 18, skipped=1, reading=(("version", "MAF 2.4"),)),
    "rsids.txt": Example("list", 4, 1, skipped=1),
    "hgvs-names.txt": Example("list", 5, 1),
    "places.txt": Example("list", 4, 1),
    "mixed-list.txt": Example("list", 5, 1),
    "clinvar-variant-summary.txt": Example("tsv", 5, 20),
    "clinvar-submission-summary.txt": Example("tsv", 2, 9, skipped=3),
    "clinvar.vcf": Example("vcf", 4, 11),
    "variants.bcf": Example("bcf", 3, 14),
    "variants.parquet": Example("parquet", 3, 9),
    "variants.jsonl": Example("jsonl", 3, 9),
    "variants.xlsx": Example("xlsx", 6, 10, skipped=2, reading=(("sheet", "Variants"), ("header_line", 3))),
    "variants.xlsb": Example("xlsb", 6, 10, skipped=2, reading=(("sheet", "Variants"), ("header_line", 3))),
    "variants.xls": Example("xls", 6, 10, skipped=2, reading=(("sheet", "Variants"), ("header_line", 3))),
    "variants.ods": Example("ods", 6, 10, skipped=2, reading=(("sheet", "Variants"), ("header_line", 3))),
    "regions.bed": Example("tsv", 2, 4, skipped=1, reading=(("header", False),)),
}


def test_each_example_is_expected_and_told_of():
    there = {path.name for path in EXAMPLES.iterdir()}
    assert there == EXPECTED.keys()
    text = (DOCS / "formats.md").read_text()
    assert [name for name in sorted(there) if f"(examples/{name})" not in text] == []


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_is_read_as_expected(name, tmp_path):
    expected = EXPECTED[name]
    limits = Limits(free_disk_bytes=0)
    found = read_any(EXAMPLES / name, tmp_path, Choices(), limits, lambda fraction, sentence, rows: None)
    assert (found.format, found.rows, len(found.columns)) == (expected.format, expected.rows, expected.columns)
    assert (found.rejected, found.skipped) == (expected.rejected, expected.skipped)
    assert dict(expected.reading).items() <= found.reading.items()
