import gzip
import json
import zipfile

import pytest

from tools import build_sequences


def sequence(name: str, role: str = "assembled-molecule", **fields) -> dict:
    return {
        "name": name, "sequence_role": role, "refseq_ac": f"NC_{name}.1", "genbank_ac": "na", "length": 10,
        "aliases": [f"chr{name}"],
    } | fields  # fmt: skip


def package(tmp_path, *extra: dict, name: str = "bioutils-0.6.2-py3-none-any.whl", without: str = ""):
    """A wheel with three made-up assemblies."""
    path = tmp_path / name
    with zipfile.ZipFile(path, "w") as wheel:
        for assembly, table in build_sequences.TABLES.items():
            chroms = [
                chrom
                for chrom in build_sequences.CHROMS
                if chrom != (without or ("MT" if assembly == "NCBI36" else ""))
            ]
            sequences = [*map(sequence, chroms), *extra]
            data = gzip.compress(json.dumps({"sequences": sequences}).encode())
            wheel.writestr(f"bioutils/_data/assemblies/{table}.json.gz", data)
    return path


def test_each_sequence_is_a_line_and_ncbi36_has_its_chromosomes_only(tmp_path):
    patch = sequence("HG1_PATCH", "fix-patch", refseq_ac=None, genbank_ac="KQ1.1", aliases=[])
    found = build_sequences.build(package(tmp_path, patch), tmp_path / "out.gz")
    lines = gzip.decompress((tmp_path / "out.gz").read_bytes()).decode().splitlines()
    assert lines[0].split("\t") == list(build_sequences.COLUMNS)
    assert lines[1] == "GRCh37\t1\tchromosome\tNC_1.1\t\t10\t1|chr1"
    assert lines[26] == "GRCh37\t\tpatch\t\tKQ1.1\t10\tHG1_PATCH"
    assert [sum(row[0] == name for row in found) for name in build_sequences.TABLES] == [26, 26, 24]


def test_the_same_package_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        build_sequences.build(package(tmp_path), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize(
    "broken",
    [
        {"without": "X"}, {"name": "bioutils-0.7.0-py3-none-any.whl"},
    ],
)  # fmt: skip
def test_another_package_is_refused(tmp_path, broken):
    with pytest.raises(build_sequences.BuildError):
        build_sequences.build(package(tmp_path, **broken), tmp_path / "out.gz")
    assert not (tmp_path / "out.gz").exists()


@pytest.mark.parametrize(
    "odd", [sequence("a", "plasmid"), sequence("b", "fix-patch", length=0), sequence("c\td", "fix-patch")]
)
def test_an_odd_sequence_is_refused(tmp_path, odd):
    with pytest.raises(build_sequences.BuildError):
        build_sequences.build(package(tmp_path, odd), tmp_path / "out.gz")
