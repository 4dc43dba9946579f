"""The benchmark of imports, small: that it runs, and that it holds the result against what it wrote. No time is judged."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from benchmarks import __main__ as bench
from benchmarks import import_samples

ONE_IMPORT = """
import importlib
from benchmarks import import_site
importing = importlib.import_module("benchmarks.import")
with import_site.prepared() as base, import_site.copy_of(base) as workers:
    for suffix, repeats in (("vcf", None), ("tsv", 0)):
        done = importing.imported(workers, suffix, 500, seed=0 if repeats is None else 1, repeats=repeats)
        print("\\n".join(importing.told(done)))
"""


def test_import_of_small_files_is_measured_and_right(tmp_path):
    env = os.environ | {"DATABASE_URL": settings.DATABASE_URL, "REDIS_URL": settings.REDIS_URL, "SAMPLE_DATA": "0"}
    env |= {"CELERY_BROKER_URL": settings.CELERY_BROKER_URL, "VAR_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", ONE_IMPORT], cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    for words in ("VCF", "TSV", "import: Normalising", "import: Merging", "variants_record", "all"):
        assert words in done.stdout
    assert list(tmp_path.iterdir()) == []  # nothing is left


@pytest.mark.parametrize("suffix", ["vcf", "tsv"])
def test_samples_are_the_same_each_time_and_others_for_another_seed(tmp_path, suffix):
    genes = [("1", 11_000, "DDX11L1"), ("17", 43_044_295, "BRCA1")]
    first, again, other = (
        import_samples.write(tmp_path / f"{name}.{suffix}", 1000, seed, genes, repeats)
        for name, seed, repeats in (("first", 1, None), ("again", 1, None), ("other", 2, 1))
    )
    assert first.path.read_bytes() == again.path.read_bytes()
    assert len(places(first) & places(other)) == other.repeated == 32


def places(sample: import_samples.Sample) -> set[tuple[str, ...]]:
    columns = slice(7, 11) if sample.path.suffix == ".tsv" else slice(0, 5)
    lines = sample.path.read_text().splitlines()[import_samples.FIRST_LINE[sample.path.suffix[1:]] - 1 :]
    assert len(lines) == sample.rows
    return {tuple(line.split("\t")[columns]) for line in lines}


def test_known_rows_stand_in_the_file_where_they_are_said_to_stand(tmp_path):
    sample = import_samples.write(tmp_path / "a.vcf", 500, 3, [])
    lines = sample.path.read_text().splitlines()
    for known in import_samples.known(sample):
        chrom, pos, _, ref, alts = lines[known.line - 1].split("\t")[:5]
        assert known.place == f"{chrom}-{pos}-{ref}-{alts.split(',')[0]}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["reed"], "There is no benchmark reed"),
        (["read", "--rows", "500"], "only import and import-growth take it"),
        (["import", "--rows", "5"], "--rows takes 100 or more"),
    ],
)
def test_what_cannot_be_run_is_said(capsys, arguments, said):
    assert bench.main(arguments) == 1
    assert said in capsys.readouterr().err
