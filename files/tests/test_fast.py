"""clean_runs against readers that share no code with it, and what of its runs reaches the table."""

import csv
import io
import random
import time

import duckdb
import pytest

from files.readers.fast import Run, clean_runs
from files.readers.parts import TableWriter, part_paths


def runs_of(data: bytes, width: int, *, delimiter=b",", quote: bytes | None = b'"', comment: bytes | None = None):
    return clean_runs(data, delimiter=delimiter, quote=quote, comment=comment, width=width)


def cells_of(record: bytes, delimiter: bytes, quote: bytes | None) -> list[str | None] | None:
    """One record, its line end included, read a byte at a time; None where it is not beyond doubt. `""` is text."""
    text = record[:-2] if record.endswith(b"\r\n") else record[:-1]
    if quote is None:
        if b"\0" in text or b"\r" in text or b"\n" in text:
            return None
        return [cell.decode() or None for cell in text.split(delimiter)]
    cells: list[str | None] = []
    at = 0
    while True:
        if text[at : at + 1] == quote:
            cell, at = b"", at + 1
            while True:
                end = text.find(quote, at)
                if end < 0:
                    return None
                cell += text[at:end]
                at = end + 1
                if text[at : at + 1] != quote:
                    break
                cell, at = cell + quote, at + 1
            cells.append(cell.decode())
        else:
            end = text.find(delimiter, at)
            cell = text[at : len(text) if end < 0 else end]
            if any(bad in cell for bad in (quote, b"\r", b"\n")):
                return None
            cells.append(cell.decode() or None)
            at += len(cell)
        if b"\0" in (cell or b""):
            return None
        if at == len(text):
            return cells
        if text[at : at + 1] != delimiter:
            return None
        at += 1


def records_of(data: bytes, quote: bytes | None) -> list[bytes]:
    """Clean data cut at the line ends outside of quotes."""
    records, begin, inside = [], 0, False
    for at, byte in enumerate(data):
        if quote and byte == quote[0]:
            inside = not inside
        if byte == 10 and not inside:
            records.append(data[begin : at + 1])
            begin = at + 1
    assert begin == len(data)
    return records


def check(data: bytes, runs: list[Run], width: int, delimiter: bytes, quote: bytes | None, comment: bytes | None):
    """Every promise about the runs that holds for any data."""
    at = 0
    for run in runs:
        assert run.begin == at < run.end
        at = run.end
        piece = data[run.begin : run.end]
        assert piece.endswith(b"\n")
        assert run.lines == piece.count(b"\n")
        if not run.clean:
            continue
        records = records_of(piece, quote)
        assert (run.records, run.longest) == (len(records), max(map(len, records)))
        assert run.crlf == any(record.endswith(b"\r\n") for record in records)
        assert (run.ends is not None) == (run.lines > run.records)
        for record in records:
            cells = cells_of(record, delimiter, quote)
            assert cells is not None
            assert len(cells) == width, record
            assert any(cell is not None for cell in cells)
            assert not (comment and record.startswith(comment))
    if quote is None:
        assert at == len(data)


def written(folder, data: bytes, runs: list[Run], width: int, *, quote: bytes | None = b'"'):
    """(line, *cells) of the table that the clean runs make."""
    writer = TableWriter(folder, width, delimiter=",", quoted=quote is not None, quote=(quote or b'"').decode())
    line = 1
    for run in runs:
        if run.clean:
            writer.add_run(line, data, run)
        line += run.lines
    writer.close()
    (paths,) = part_paths(folder)
    return duckdb.execute(
        "SELECT * FROM read_parquet($paths) ORDER BY line", {"paths": [str(p) for p in paths]}
    ).fetchall()


# --- well-formed text: everything is clean, and as Python's csv module reads it


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=ascii)
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("seed", range(4))
def test_well_formed_csv_is_clean_and_read_like_the_csv_module_reads_it(tmp_path, seed, quoting, line_end):
    chance = random.Random(seed)
    parts = ["a", "b", '"', ",", "\n", " ", "é", "漢", "#", "'", ""]
    if quoting == csv.QUOTE_ALL:
        parts.append("\r\n")
    rows = [["x" + "".join(chance.choices(parts, k=chance.randrange(6))) for _ in range(3)] for _ in range(3_000)]
    text = io.StringIO()
    csv.writer(text, quoting=quoting, lineterminator=line_end).writerows(rows)
    data = text.getvalue().encode()
    runs = runs_of(data, 3)
    check(data, runs, 3, b",", b'"', None)
    assert [(run.clean, run.end) for run in runs][-1] == (True, len(data))
    assert {run.clean for run in runs} == {True}
    found = written(tmp_path, data, runs, 3)
    assert [list(cells) for _, *cells in found] == rows
    lines, at = [], 1
    for row in rows:
        lines.append(at)
        at += 1 + sum(cell.count("\n") for cell in row)
    assert [line for line, *_ in found] == lines


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=ascii)
def test_text_without_quotes_is_clean_and_comes_back(tmp_path, line_end):
    rows = [[f'"{n}', "it's", "" if n % 3 else "é"] for n in range(200_000)]  # several windows
    data = b"".join(",".join(row).encode() + line_end for row in rows)
    runs = runs_of(data, 3, quote=None)
    assert runs == [Run(0, len(data), True, 200_000, 200_000, runs[0].longest, line_end == b"\r\n")]
    found = written(tmp_path, data, runs, 3, quote=None)
    assert [(line, [cell or "" for cell in cells]) for line, *cells in found] == list(enumerate(rows, start=1))


# --- any text: what is called clean is clean


SOUP = [
    b"a",
    b"bc",
    b",",
    b",",
    b",",
    b'"',
    b'""',
    b"\n",
    b"\n",
    b"\r\n",
    b"\r",
    b"\0",
    b"#",
    b" ",
    b"\xc3\xa9",
    b"','",
]
LINES = [b"a,b,c\n", b'"a","b","c"\n', b'"a ""x""","b\n b",c\r\n', b",,\n", b"\n", b"#,,x\n", b'#"\n', b"a,b\n", b'a,b"c,d\n',
         b'"a,b,c\n', b'"",b,c\n', b'a, "b",c\n', b'a,"b" ,c\n', b"a,b,c,d\n", b"a,\0,c\n", b"a\rb,c,d\n", b'"a\rb",c,d\n']  # fmt: skip


@pytest.mark.parametrize("quote", [b'"', b"'", None], ids=ascii)
@pytest.mark.parametrize("pieces", [SOUP, LINES], ids=["soup", "lines"])
@pytest.mark.parametrize("comment", [None, b"#", b"#,"], ids=ascii)
def test_what_is_called_clean_is_clean(quote, pieces, comment):
    chance = random.Random(11)
    for _ in range(1_500):
        data = b"".join(chance.choices(pieces, k=chance.randrange(1, 40))) + b"\n"
        width = chance.randrange(1, 5)
        check(data, runs_of(data, width, quote=quote, comment=comment), width, b",", quote, comment)


@pytest.mark.parametrize("seed", range(3))
def test_duckdb_reads_what_is_called_clean_as_it_stands(tmp_path, seed):
    chance = random.Random(seed)
    data = b"".join(chance.choices(LINES, weights=[30, 30, 30] + [1] * (len(LINES) - 3), k=3_000)) + b"\n"
    rows, at, line = [], 0, 1
    runs: list[Run] = []
    while at < len(data):  # as the scanner would: over what is left out a line at a time
        found = clean_runs(data, delimiter=b",", quote=b'"', comment=b"#", width=3, begin=at)
        for run in found:
            if run.clean:
                for record in records_of(data[run.begin : run.end], b'"'):
                    rows.append((line, *(cells_of(record, b",", b'"') or [])))
                    line += record.count(b"\n")
            else:
                line += run.lines
        runs += found
        at = found[-1].end if found else at
        if at < len(data):
            end = data.index(b"\n", at) + 1
            runs.append(Run(at, end, False, 1, 1, 0))
            at, line = end, line + 1
    assert len(rows) > 1_000
    assert written(tmp_path, data, runs, 3) == rows


# --- single cases


@pytest.mark.parametrize(
    ("data", "clean"),
    [
        (b"a,b\n", True),
        (b"a,b\r\n", True),
        (b"a,\n", True),
        (b",\n", False),
        (b"\n", False),
        (b"a\n", False),
        (b"a,b,c\n", False),
        (b"#a,b\n", False),
        (b"a\0,b\n", False),
        (b"a\r,b\n", False),
        (b"a,b\r\r\n", False),
        (b"\ra,b\n", False),
        (b'"a","b"\n', True),
        (b'"a","b"\r\n', True),
        (b'"","b"\n', True),
        (b'"a""","""b"\n', True),
        (b'"a\nb",","\n', True),
        (b'"a\r\nb","\r\n"\n', True),
        (b'"a\rb",c\n', False),  # the CR ends a physical line, which is counted by the scanner
        (b'"a\r\r\nb",c\n', False),
    ],
)
def test_a_record_is_clean_only_where_nothing_is_to_be_said_about_it(data, clean):
    assert [run.clean for run in runs_of(data, 2, comment=b"#")] == [clean]


@pytest.mark.parametrize(
    "bad",
    [b'a"b,c\n', b'"a"b,c\n', b'a, "b"\n', b'"a" ,b\n', b'"a,b\n', b'#"a",b\n', b'a,"\n', b'"a"\r,b\n', b'a,b"\n', b'"a""b,c\n'],
    ids=ascii,
)  # fmt: skip
def test_the_runs_end_before_a_record_whose_quotes_are_out_of_place(bad):
    data = b'x,"y"\nz,w\n' + bad + b"a,b\n" * 3
    assert runs_of(data, 2, comment=b"#") == [Run(0, 10, True, 2, 2, 6)]
    assert runs_of(data[10:], 2, comment=b"#") == []


def test_a_bad_record_among_clean_ones_parts_them():
    assert runs_of(b"a,b\n" * 2 + b"c\n\n" + b"a,bb\n", 2, quote=None) == [
        Run(0, 8, True, 2, 2, 4),
        Run(8, 11, False, 2, 2, 2),
        Run(11, 16, True, 1, 1, 5),
    ]


def test_a_record_longer_than_a_window_is_found():
    data = b'a,"' + b"x\n" * 1_500_000 + b'"\nb,c\n'
    (run,) = runs_of(data, 2)
    assert (run.clean, run.records, run.lines, run.end) == (True, 2, 1_500_002, len(data))


def test_a_cell_with_a_short_line_before_a_long_one_ends():
    """The first window ends behind the short line, however often it is doubled from there."""
    data = b'3,"x\n' + b"y" * 40_000 + b'"\n4,5\n'
    assert [(run.clean, run.records, run.lines) for run in runs_of(data, 2)] == [(True, 2, 3)]


def test_quotes_that_break_every_few_lines_do_not_cost_squares():
    data = (b"a,b,c\n" * 20 + b'a,b"c,d\n') * 20_000
    started, at, asked = time.process_time(), 0, 0
    while at < len(data):
        runs = clean_runs(data, delimiter=b",", quote=b'"', comment=None, width=3, begin=at)
        at = data.index(b"\n", runs[-1].end) + 1
        asked += 1
    assert asked == 20_000
    assert time.process_time() - started < 20
