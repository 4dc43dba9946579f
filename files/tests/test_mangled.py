"""Gene symbols that a spreadsheet made dates or numbers of: found in any table, counted, explained, left as they are."""

from pathlib import Path

import pytest

from files.readers.mangled import mangled_genes
from files.readers.parts import TableWriter
from files.readers.types import infer_types
from files.tests.workbooks import styled, xlsx

SYMBOLS = ["BRCA1", "TP53", "MLH1", "MSH2", "CFTR", "HFE", "BRAF", "ATM"]


def found(folder: Path, **columns: list[str | None]) -> dict | None:
    """The warning on a table of these columns, whose first row is in line 2."""
    writer = TableWriter(folder, len(columns), quoted=True)
    for line, cells in enumerate(zip(*columns.values(), strict=True), start=2):
        writer.add(line, cells)
    writer.close()
    kinds = infer_types(folder, len(columns))
    told = [{"name": name, "type": kind} for name, kind in zip(columns, kinds, strict=True)]
    return next(iter(mangled_genes(folder, told)), None)


MANGLED = [
    ("1-SEP", "SEPT1 (now SEPTIN1)"), ("9-Sep", "SEPT9 (now SEPTIN9)"), ("Sep-01", "SEPT1 (now SEPTIN1)"),
    ("3-Mar", "MARCH3 (now MARCHF3)"), ("1-Mar", "MARCH1 (now MARCHF1) or MARC1 (now MTARC1)"),
    ("1-Dec", "DEC1 (now DELEC1)"), ("01-Dec-24", "DEC1 (now DELEC1)"), ("01. Mrz", "MARCH1 (now MARCHF1)"),
    ("2024-09-01", "SEPT1 (now SEPTIN1)"), ("2024-03-05 00:00:00", "MARCH5 (now MARCHF5)"),
    ("9/2/2024", "SEPT2 (now SEPTIN2)"), ("04/03/2024", "MARCH4 (now MARCHF4)"),
    ("2.31E+19", "the name of a clone"), ("4-Oct", "another symbol"), ("01.09.2024", "SEPT1 (now SEPTIN1)"),
    ("2.3.2001", "MARCH2 (now MARCHF2)"), ("2024/9/3", "SEPT3 (now SEPTIN3)"),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "was"), MANGLED, ids=[cell for cell, _ in MANGLED])
@pytest.mark.parametrize("name", ["Gene", "Hugo_Symbol", "any"])
def test_a_mangled_symbol_is_found_and_explained(tmp_path, name, cell, was):
    warning = found(tmp_path, **{name: [*SYMBOLS[:3], cell, *SYMBOLS[3:]]})
    assert (warning["kind"], warning["count"], warning["first_line"]) == ("mangled_genes", 1, 5)
    assert f"“{cell}” was probably {was}" in warning["message"]


@pytest.mark.parametrize(
    "cell", ["SEPT1", "SEPTIN1", "MARCH1", "DEC1", "OCT-4", "HLA-A", "12345", "44900", "7SK", "", None]
)
def test_what_may_be_a_symbol_or_an_identifier_is_left_alone(tmp_path, cell):
    assert found(tmp_path, gene=[*SYMBOLS, cell]) is None


def test_a_number_that_stands_for_a_day_is_found_among_symbols(tmp_path):
    warning = found(tmp_path, Gene=[*SYMBOLS, "44805"])
    assert (warning["count"], warning["first_line"]) == (1, 10)
    assert "“44805” was probably SEPT1 (now SEPTIN1)" in warning["message"]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("GeneID", ["672", "7157", "44805", "4292"]),
        ("gene_id", [*SYMBOLS, "44805"]),
        ("gene_id", ["ENSG00000012048", "ENSG00000141510", "ENSG00000133703", "44805"]),
        ("gene", [*SYMBOLS, "672", "44805"]),
        ("sample", [*(f"S{number}" for number in range(1, 30)), "44805"]),
    ],
    ids=["Entrez", "Entrez among symbols", "Entrez among Ensembl", "Entrez without a name", "samples"],
)
def test_numbers_that_may_be_identifiers_are_left_alone(tmp_path, name, cells):
    assert found(tmp_path, **{name: cells}) is None


@pytest.mark.parametrize("others", [SYMBOLS[:1], ["UNKNOWN"], ["rs334", "rs7412", "rs429358"]])
def test_dates_count_only_in_columns_of_genes(tmp_path, others):
    assert found(tmp_path, seen=[*others, "2024-09-01", "2024-03-02"]) is None


def test_several_columns_make_one_warning_with_the_first_line(tmp_path):
    warning = found(tmp_path, gene=[*SYMBOLS, "1-Mar", "2-Mar"], genes=[SYMBOLS[0], "1-Sep", *SYMBOLS])
    assert (warning["count"], warning["first_line"]) == (3, 3)
    assert "“genes”" in warning["message"]


def test_a_column_of_nothing_but_dates_is_found_by_its_name(tmp_path):
    assert found(tmp_path, Gene=["2024-09-01", "2024-03-02"])["count"] == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content",
    [
        "gene,pos,alt\nBRCA1,1,A\n1-Sep,2,C\nTP53,3,T\n",
        xlsx([["gene", "pos", "alt"], ["BRCA1", 1, "A"], [styled(45536, "d-mmm"), 2, "C"], ["TP53", 3, "T"]]),
    ],
    ids=["csv", "xlsx"],
)
def test_an_upload_is_warned_of_and_unchanged(read, client, owner, content):
    file = read(content)
    warning = next(warning for warning in file.warnings if warning["kind"] == "mangled_genes")
    assert (warning["count"], warning["first_line"]) == (1, 3)
    client.force_login(owner)
    page = client.get(f"/files/{file.pk}/").content.decode()
    assert "was probably SEPT1 (now SEPTIN1)" in page
    assert ("1-Sep" if isinstance(content, str) else "2024-09-01") in page
