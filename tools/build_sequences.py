"""Build variants/reference/sequences.tsv.gz, NCBI's tables of three human assemblies, from the PyPI package `bioutils`.

    pip download --no-deps bioutils==0.6.2
    python tools/build_sequences.py --package bioutils-0.6.2-py3-none-any.whl

Needs only the standard library and no network. The same package gives the same bytes. Columns: docs/reference-data.md.
"""

import argparse
import gzip
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

VERSION = "0.6.2"
OUT = Path(__file__).resolve().parent.parent / "variants" / "reference" / "sequences.tsv.gz"
COLUMNS = ("assembly", "chrom", "role", "refseq", "genbank", "length", "names")
# NCBI36 is here only to be recognised: its chromosomes, and no scaffolds.
TABLES = {"GRCh37": "GRCh37.p13", "GRCh38": "GRCh38.p14", "NCBI36": "NCBI36"}
CHROMS = [*map(str, range(1, 23)), "X", "Y", "MT"]
ROLES = {
    "assembled-molecule": "chromosome", "unlocalized-scaffold": "unlocalised", "unplaced-scaffold": "unplaced",
    "alt-scaffold": "alternate locus", "fix-patch": "patch", "novel-patch": "patch",
}  # fmt: skip


class BuildError(Exception):
    """The package is not what this script was written for; str() says what differs."""


def rows(assembly: str, table: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """The lines of one assembly, in NCBI's order. Raises BuildError."""
    for sequence in table["sequences"]:
        role = ROLES.get(sequence["sequence_role"])
        if role is None or int(sequence["length"]) < 1:
            raise BuildError(
                f"{assembly}: {sequence['name']} has the role {sequence['sequence_role']!r} and no place here."
            )
        if assembly == "NCBI36" and role != "chromosome":
            continue
        refseq, genbank = (_accession(sequence[key]) for key in ("refseq_ac", "genbank_ac"))
        chrom = sequence["name"] if role == "chromosome" else ""
        names = dict.fromkeys([sequence["name"], *sequence["aliases"]])
        yield assembly, chrom, role, refseq, genbank, str(sequence["length"]), "|".join(names)


def _accession(text: str | None) -> str:
    return "" if text in (None, "na") else str(text)


def checked(found: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Raises BuildError where an assembly lacks a chromosome or has one twice, or a cell would break the file."""
    for assembly in TABLES:
        chroms = [row[1] for row in found if row[0] == assembly and row[1]]
        expected = CHROMS if assembly != "NCBI36" else CHROMS[:-1]  # its table has no mitochondrion
        if sorted(chroms) != sorted(expected):
            raise BuildError(f"{assembly} has the chromosomes {', '.join(chroms)}.")
    if any(mark in cell for row in found for cell in row for mark in "\t\n\r"):
        raise BuildError("A name holds a tab or a line end.")
    return found


def build(package: Path, out: Path) -> list[tuple[str, ...]]:
    if VERSION not in package.name:
        raise BuildError(f"{package.name} is not bioutils {VERSION}.")
    found: list[tuple[str, ...]] = []
    with zipfile.ZipFile(package) as wheel:
        for assembly, table in TABLES.items():
            path = f"bioutils/_data/assemblies/{table}.json.gz"
            found += rows(assembly, json.loads(gzip.decompress(wheel.read(path))))
    text = "".join("\t".join(row) + "\n" for row in [COLUMNS, *checked(found)])
    with out.open("wb") as stream, gzip.GzipFile(fileobj=stream, mode="wb", filename="", mtime=0) as packed:
        packed.write(text.encode())
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    try:
        found = build(arguments.package, arguments.out)
    except (BuildError, OSError, KeyError, zipfile.BadZipFile) as error:
        print(f"Nothing was built: {error}", file=sys.stderr)
        return 1
    for assembly in TABLES:
        print(f"{assembly}: {sum(row[0] == assembly for row in found):,} sequences")
    return 0


if __name__ == "__main__":
    sys.exit(main())
