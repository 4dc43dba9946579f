"""Every VCF of the shared sample data: real ones load whole, broken ones are reported, no line vanishes."""

import json
from pathlib import Path

import pytest

from files.readers.choices import Choices
from files.readers.errors import NotATable
from files.readers.findings import Outcome
from files.readers.source import open_source
from files.readers.vcf import read_vcf

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the shared sample data are not here")


def cases(suite: str) -> list[dict]:
    path = DATA / suite / "cases.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


REAL, CONFORMANCE = cases("vcf_real"), cases("vcf_conformance")


def verdict(*names: str) -> list[dict]:
    return [case for case in REAL if case["expect"].get("verdict") in names]


def read(path: Path, folder: Path) -> Outcome | None:
    """None where the file was refused with a sentence."""
    try:
        return read_vcf(open_source(path), folder, Choices(), lambda *_: None, worth=1)
    except NotATable:
        return None


@pytest.mark.parametrize("case", verdict("must_load_all"), ids=lambda case: case["id"])
def test_real_files_load_whole(case, tmp_path):
    outcome = read(DATA / "vcf_real" / case["file"], tmp_path)
    assert outcome
    assert (outcome.rows, outcome.rejected) == (case["expect"]["records"], 0), outcome.reasons
    assert len(outcome.header["samples"]) >= case["expect"]["samples"]


@pytest.mark.parametrize("case", verdict("must_report_problem"), ids=lambda case: case["id"])
def test_damaged_files_are_reported(case, tmp_path):
    outcome = read(DATA / "vcf_real" / case["file"], tmp_path)
    assert outcome is None or outcome.rejected or outcome.warnings


@pytest.mark.parametrize(
    "case", verdict("load_all_or_report", "must_load_all_or_say_unsupported"), ids=lambda case: case["id"]
)
def test_odd_files_load_or_are_reported(case, tmp_path):
    outcome = read(DATA / "vcf_real" / case["file"], tmp_path)
    assert outcome is None or outcome.rejected or outcome.warnings or outcome.rows == case["expect"]["records"]
    if outcome and case["expect"].get("data_lines") is not None:
        assert outcome.rows + outcome.rejected == case["expect"]["records"]


@pytest.mark.parametrize("case", [c for c in CONFORMANCE if c["expect"]["valid"]], ids=lambda case: case["id"])
def test_valid_files_of_the_specification_load(case, tmp_path):
    outcome = read(DATA / "vcf_conformance" / case["id"], tmp_path)
    assert outcome
    assert (outcome.rows, outcome.rejected) == (case["expect"]["records"], 0), outcome.reasons


@pytest.mark.parametrize("case", [c for c in CONFORMANCE if not c["expect"]["valid"]], ids=lambda case: case["id"])
def test_broken_files_of_the_specification_are_reported_and_balanced(case, tmp_path):
    outcome = read(DATA / "vcf_conformance" / case["id"], tmp_path)
    if case["expect"]["severity"] == "fatal":
        assert outcome is None or outcome.rejected or outcome.warnings
    elif outcome:
        assert outcome.rows + outcome.rejected == case["expect"]["records"]
