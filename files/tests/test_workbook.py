"""Sheets of workbooks as tables: rows, cells, which sheet, what is said of them, what is refused."""

import gzip
import io
import struct
import zipfile
from pathlib import Path

import duckdb
import pytest

from files.readers.choices import Choices, Limits
from files.readers.errors import NotATable
from files.readers.reading import read_any
from files.tests.conftest import zip_of
from files.tests.workbooks import Raw, error, formula, ods, packed, sheet_xml, styled, xlsb, xlsx

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "variant_tables" / "not_a_table"
TABLE = [["gene", "pos", "alt"], ["BRCA1", 43124027, "A"], ["TP53", 7675088, "T"]]
LEGEND = [["column", "meaning"], ["gene", "symbol of HGNC"]]


@pytest.fixture
def read(tmp_path):
    """(outcome, rows with their lines, rejects as (line, offset, text)) of a workbook."""

    def read(data: bytes, limits: Limits | None = None, **choices):
        path, folder = tmp_path / "original.csv", tmp_path / "out"  # names say nothing
        path.write_bytes(data)
        limits = limits or Limits(free_disk_bytes=0)
        outcome = read_any(path, folder, Choices(**choices), limits, lambda *said: None)
        rows = duckdb.sql(f"FROM read_parquet('{folder}/table/*.parquet') ORDER BY line").fetchall()
        rejects = duckdb.sql(f"SELECT line, c0, c3 FROM read_parquet('{folder}/rejects/*.parquet')").fetchall()
        return outcome, rows, rejects

    return read


def said(outcome, kind: str) -> dict | None:
    return next((warning for warning in outcome.warnings if warning["kind"] == kind), None)


def names(outcome) -> list[str]:
    return [column["name"] for column in outcome.columns]


def test_a_header_that_a_person_said_is_not_there_is_not_missed(read):
    outcome, rows, _ = read(xlsx([["a", "b", "c"], ["d", "e", "f"]]), header=False)
    assert (len(rows), outcome.warnings) == (2, [])


@pytest.mark.parametrize(("bound", "lines"), [(50, (2, 6)), (10**6, (2, 401))])
def test_a_bounded_reading_ends_early_and_says_so(read, bound, lines):
    data = xlsx([["a", "b", "c"], *[[f"x{n}", "y", "z"] for n in range(100, 500)]])
    outcome, rows, rejects = read(data, Limits(free_disk_bytes=0, rows_bytes=bound))
    assert (rows[0][0], rows[-1][0], len(rows), rejects) == (*lines, lines[1] - 1, [])
    assert outcome.complete is (bound > 50)


@pytest.mark.parametrize("kind", ["xlsx", "xlsb", "xls", "ods"])
def test_each_format_is_read(read, kind):
    outcome, rows, _ = read((EXAMPLES / f"variants.{kind}").read_bytes())
    assert (outcome.format, outcome.rows, outcome.skipped, outcome.reading["sheet"]) == (kind, 6, 2, "Variants")
    assert names(outcome)[:3] == ["Gene", "Chrom", "Position"]
    assert rows[0][:5] == (4, "BRCA1", "17", "43124027", "ACT")
    assert rows[2][9:] == ("0.0072", "2024-01-31")
    assert rows[4][9] == "#N/A"
    assert said(outcome, "cell_errors")["first_line"] == 8
    assert [member["name"] for member in outcome.reading["members"]] == ["Legend", "Variants"]


def test_a_sheet_with_a_row_twice_is_refused(read):
    xml = sheet_xml(TABLE).replace('<row r="3"', '<row spans="1:3" r="2"')
    with pytest.raises(NotATable, match="row 2 stands in the sheet twice"):
        read(xlsx(("Sheet1", "visible", xml)))


def test_rows_out_of_order_or_without_a_number_are_read(read):
    more = '<row r="5">{0}</row><row r="3">{0}</row><row>{0}</row></sheetData>'.format("<c><v>1</v></c>" * 3)
    _, rows, _ = read(xlsx(("Sheet1", "visible", sheet_xml([["a", "b", "c"]]).replace("</sheetData>", more))))
    assert [row[0] for row in rows] == [3, 4, 5]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<table:table-cell office:value-type="string"><text:p>A<text:tab/>T</text:p></table:table-cell>', "A\tT"),
        ('<table:table-cell office:value-type="string"><text:p>A<text:line-break></text:line-break>T</text:p></table:table-cell>', "A\nT"),
        ("<table:table-cell><text:p>A, T</text:p></table:table-cell>", "A, T"),
        ('<table:table-cell table:style-name="ce1" >\n<text:p>A</text:p></table:table-cell>', "A"),
        ('<table:table-cell office:value-type="float" office:value="5"><text:p>5,00</text:p></table:table-cell>', "5"),
        ('<table:table-cell table:style-name="ce1"/>', None),
    ],
)  # fmt: skip
def test_what_an_ods_cell_becomes(read, cell, text):
    def row(*cells: str) -> str:
        return f"<table:table-row>{''.join(cells)}</table:table-row>"

    gene, pos = (
        f'<table:table-cell office:value-type="string"><text:p>{name}</text:p></table:table-cell>'
        for name in ("gene", "pos")
    )
    _, rows, _ = read(ods(row(gene, pos, gene) + row(gene, cell, pos)))
    assert rows == [(2, "gene", text, "pos")]


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods"])
def test_hidden_rows_are_read_and_told(read, kind):
    outcome, rows, _ = read((EXAMPLES / f"variants.{kind}").read_bytes())
    assert "1 row." in said(outcome, "hidden")["message"]
    assert rows[3][:2] == (7, "HFE")


CELLS = [
    ("text", "text"), ("007", "007"), (" kept ", " kept "), ('a "b"\nc', 'a "b"\nc'), ("1-SEP", "1-SEP"),
    (1.0, "1"), (-0.0, "0"), (2.0**53, "9007199254740992"), (1.5, "1.5"), (1e-07, "1e-07"), (0.1, "0.1"), (1e22, "1e+22"),
    (True, "TRUE"), (False, "FALSE"), (styled(0.5, "0%"), "0.5"),
    (styled(44805, "d-mmm"), "2022-09-01"), (styled(61, "yyyy-mm-dd"), "1900-03-01"),
    (styled(45536.52100694444, "yyyy-mm-dd hh:mm"), "2024-09-01 12:30:15"),
    (styled(0.25, "h:mm"), "06:00:00"), (styled(1.2534722222222223, "[h]:mm:ss"), "30:05:00"),
    (error("#REF!"), "#REF!"), (formula("A1", "cached"), "cached"), (formula("A1", ""), None),
    (Raw(' t="inlineStr"><is><r><t>rs</t></r><r><rPr><b/></rPr><t>334</t></r></is>'), "rs334"),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "text"), CELLS, ids=[repr(text) for _, text in CELLS])
def test_a_cell_as_text(read, cell, text):
    _, rows, _ = read(xlsx([["a", "b", "c"], ["x", cell, "y"], ["z", "w", "v"]]))
    assert rows[0] == (2, "x", text, "y")


def test_dates_of_a_workbook_that_counts_from_1904(read):
    _, rows, _ = read(xlsx([["a", "b", "c"], ["x", styled(44074, "yyyy-mm-dd"), "y"]], dates=1904))
    assert rows[0][2] == "2024-09-01"


def test_rows_keep_their_numbers(read):
    sheet = sheet_xml([["a title"], [], *TABLE, [], ["MLH1", 1, "C"]], first_row=4)
    outcome, rows, _ = read(xlsx(("Variants", "visible", sheet)))
    assert (outcome.reading["header_line"], outcome.skipped) == (6, 1)
    assert [row[:2] for row in rows] == [(7, "BRCA1"), (8, "TP53"), (10, "MLH1")]


def test_a_row_without_its_last_cells_is_a_row_and_no_repair(read):
    outcome, rows, _ = read(xlsx([*TABLE, ["MLH1", 1]]))
    assert (rows[-1], outcome.padded, said(outcome, "padded")) == ((4, "MLH1", "1", None), 0, None)


def test_a_row_wider_than_the_table_is_rejected_with_its_number(read):
    outcome, rows, rejects = read(xlsx([*TABLE, *TABLE[1:], ["MLH1", 1, 'a "b"', "x, y"], ["ATM", 2, "C"]]))
    assert rejects == [(6, None, 'MLH1,1,"a ""b""","x, y"')]
    assert (len(rows), rows[-1][0], outcome.rejected) == (5, 7, 1)


def test_the_first_sheet_with_three_columns_is_the_table(read):
    outcome, rows, _ = read(xlsx(LEGEND, TABLE, [*TABLE, *TABLE[1:]]))
    assert (outcome.reading["sheet"], len(rows)) == ("Sheet2", 2)
    assert "“Sheet1”, “Sheet2”, “Sheet3”. “Sheet2” was read" in said(outcome, "sheets")["message"]


def test_a_sheet_with_two_columns_is_the_table_where_none_is_wider(read):
    outcome, rows, _ = read(xlsx([], [["only a title"]], LEGEND))
    assert (outcome.reading["sheet"], rows) == ("Sheet3", [(2, "gene", "symbol of HGNC")])


def test_a_hidden_sheet_is_read_only_where_the_others_are_empty(read):
    hidden = ("Kept back", "veryHidden", sheet_xml(TABLE))
    assert read(xlsx(hidden, LEGEND))[0].reading["sheet"] == "Sheet2"
    outcome, _, _ = read(xlsx(hidden, []))
    assert outcome.reading["sheet"] == "Kept back"
    assert "“Kept back” (hidden)" in said(outcome, "sheets")["message"]


def test_a_sheet_can_be_chosen(read):
    outcome, rows, _ = read(xlsx(TABLE, LEGEND), member="Sheet2")
    assert (names(outcome), len(rows), said(outcome, "sheets")) == (["column", "meaning"], 1, None)
    with pytest.raises(NotATable, match="no sheet called 'Sheet3'. Its sheets: “Sheet1”, “Sheet2”"):
        read(xlsx(TABLE, LEGEND), member="Sheet3")
    with pytest.raises(NotATable, match="'Sheet2' is empty"):
        read(xlsx(TABLE, []), member="Sheet2")


def test_header_and_comments_can_be_chosen(read):
    sheet = [["gene", "pos", "alt"], ["a", "b", "c"], ["#", "no", "data"], ["TP53", 7675088, "T"]]
    outcome, rows, _ = read(xlsx(sheet), header_line=2, comment="#")
    assert (names(outcome), [row[0] for row in rows], outcome.skipped) == (["a", "b", "c"], [4], 2)
    outcome, rows, _ = read(xlsx(sheet), header=False)
    assert (names(outcome)[0], len(rows)) == ("column_1", 4)


def test_what_was_never_computed_is_told(read):
    outcome, rows, _ = read(xlsx([*TABLE, ["MLH1", formula("B2+1"), "C"]]))
    assert (rows[-1], said(outcome, "uncomputed")["first_line"]) == ((4, "MLH1", None, "C"), 4)
    assert said(read(xlsx([*TABLE, ["MLH1", formula("B2", "x"), "C"]]))[0], "uncomputed") is None


def test_errors_are_kept_and_counted(read):
    outcome, rows, _ = read(xlsx([*TABLE, [error("#N/A"), error("#REF!")], ["MLH1", 2, error("#DIV/0!")]]))
    assert [row[1:] for row in rows[2:]] == [("#N/A", "#REF!", None), ("MLH1", "2", "#DIV/0!")]
    assert (said(outcome, "cell_errors")["count"], said(outcome, "cell_errors")["first_line"]) == (3, 4)


def test_merged_cells_of_the_table_are_told(read):
    whole = ("S", "visible", sheet_xml(TABLE, merged="A2:A3"))
    above = ("S", "visible", sheet_xml([["title"], *TABLE], merged="A1:C1"))
    assert said(read(xlsx(whole))[0], "merged")["first_line"] == 2
    assert said(read(xlsx(above))[0], "merged") is None


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def ole(*streams: str) -> bytes:
    """An OLE2 file of two sectors: the table of sectors, and a list of streams that hold nothing."""
    head = OLE + bytes(16) + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6) + bytes(10)
    head += struct.pack("<IIIIIIIII", 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0) + b"\xff" * 432
    entries = b""
    for name in ("Root Entry", *streams):
        text = name.encode("utf-16-le")
        entry = text.ljust(64, b"\0") + struct.pack("<HBB", len(text) + 2, 2, 0)
        entries += entry.ljust(116, b"\0") + struct.pack("<III", 0xFFFFFFFE, 0, 0)
    table = struct.pack("<II", 0xFFFFFFFD, 0xFFFFFFFE) + b"\xff" * 504
    return head + table + entries.ljust(512, b"\0")


ODT = {"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<a/>"}
REFUSED = [
    (ole("EncryptedPackage", "EncryptionInfo"), "protected with a password"),
    (ole("WordDocument"), "Word document"),
    (ole("PowerPoint Document"), "PowerPoint"),
    (ole("VisioDocument"), "no workbook"),
    (ole("Workbook"), "is empty"),
    (OLE, "damaged or cut off"),
    ((EXAMPLES / "variants.xls").read_bytes()[:2048], "damaged or cut off"),
    (packed(ODT), "OpenDocument file, but no spreadsheet"),
    (packed({"[Content_Types].xml": b"", "word/document.xml": b""}), "Office document, but no workbook"),
    (packed({"[Content_Types].xml": b"", "xl/workbook.xml": b"no XML"}), "damaged"),
    (packed({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<a>"}), "damaged"),
    (xlsx(TABLE)[:700], "damaged or cut off"),
    (xlsx([]), "no sheet of it holds"),
    (gzip.compress(xlsx(TABLE)), "gzip file holds a workbook .* upload the workbook itself"),
    (zip_of({"a.xlsx": xlsx(TABLE)}), "zip file holds a workbook"),
    (zip_of({"a.ods": (EXAMPLES / "variants.ods").read_bytes()}), "zip file holds an OpenDocument file"),
    (zip_of({"a.xls": (EXAMPLES / "variants.xls").read_bytes()}), "zip file holds a workbook"),
]


def cut(data: bytes, part: str, share: float) -> bytes:
    """A package one of whose parts breaks off, though the zip is whole."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return packed(parts | {part: parts[part][: int(len(parts[part]) * share)]})


LONG = [["gene", "pos", "alt"], *(["BRCA1", float(n), "A"] for n in range(500))]
CUT = [
    cut(xlsx(LONG), "xl/worksheets/sheet1.xml", 0.5),
    cut(xlsx(LONG), "xl/worksheets/sheet1.xml", 0.999),
    cut(xlsb(S=LONG), "xl/worksheets/sheet1.bin", 0.5),
    cut((EXAMPLES / "variants.ods").read_bytes(), "content.xml", 0.9),
    *((EXAMPLES / "variants.xls").read_bytes()[:size] for size in (3000, 7000, 8000)),
]


@pytest.mark.parametrize("data", CUT)
def test_a_workbook_that_breaks_off_is_never_read_in_part(read, data):
    with pytest.raises(NotATable, match="damaged or cut off"):
        read(data)


@pytest.mark.parametrize(("data", "sentence"), REFUSED, ids=[sentence for _, sentence in REFUSED])
def test_what_is_no_workbook_that_can_be_read_is_said(read, data, sentence):
    with pytest.raises(NotATable, match=sentence):
        read(data)


def test_a_bomb_is_refused_before_it_is_unpacked(read):
    bomb = packed({"xl/workbook.xml": b"", "xl/worksheets/sheet1.xml": bytes(3_000_000)})
    with pytest.raises(NotATable, match="unpacks to 3,000,000 bytes, more than 100 times its size"):
        read(bomb, Limits(ratio=100, ratio_free_bytes=1_000_000))


def test_a_cell_over_the_limit_is_a_reject(read):
    limits = Limits(free_disk_bytes=0, cell_bytes=1000)
    outcome, _, rejects = read(xlsx([*TABLE, ["MLH1", "x" * 1001, "C"]]), limits)
    assert (outcome.rows, rejects[0][:2], outcome.reasons) == (2, (4, None), {"cell too long": 1})


def test_more_columns_than_the_limit_are_refused(read):
    with pytest.raises(NotATable, match="3 columns; the limit is 2"):
        read(xlsx(TABLE), Limits(columns=2))


def test_every_nonempty_row_is_accounted_for(read):
    sheet = [["a title"], [], *TABLE, TABLE[0], [], ["x", "y", "z", "too wide"], ["ok", 1, 2], [], ["Note: made up"]]
    outcome, rows, _ = read(xlsx(sheet))
    assert len(rows) + outcome.rejected + outcome.skipped + 1 == sum(map(bool, sheet))


def test_the_binary_format_has_its_types(read):
    _, rows, _ = read(xlsb(S=[["a", "b", "c"], ["x", 1.0, True], [error("#REF!"), 0.5, "text"]]))
    assert rows == [(2, "x", "1", "TRUE"), (3, "#REF!", "0.5", "text")]


@pytest.mark.skipif(not DATA.is_dir(), reason="no folder shared/data beside the project")
def test_workbooks_of_other_projects(read):
    outcome, rows, _ = read((DATA / "table.xlsx").read_bytes())
    assert (names(outcome), rows[0][1:]) == (["id", "name"], ("1", "english"))
    assert read((DATA / "excel95.xls").read_bytes())[0].format == "xls"
