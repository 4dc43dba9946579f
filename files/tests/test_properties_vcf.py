"""A VCF line broken in any field, among good ones: it is a row or a reject, and nothing changes around it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files.readers.choices import Choices
from files.readers.errors import NotATable
from files.readers.source import open_source
from files.readers.vcf import read_vcf
from files.tests.promises import LIMITS, Reading, check, written
from files.tests.vcf_texts import META, SAMPLES, SITES

CAREFULLY = 1 << 60
SITE = ["chr1", "100", "rs1", "A", "G,<DEL>", "50.5", "PASS", "DP=10;AF=0.5,.;DB;GENE=a"]
PEOPLE = [*SITE, "GT:DP:AD", "0/1:7:3,4,0", ".|."]
VALUES = [
    b"", b".", b" ", b"\t", b"\t\t", b"\0", b"\r", b"\r\r", b'"', b'"a\tb"', b"\xff", b"\xc3", b"\xef\xbb\xbf", b"-1", b"0",
    b"99999999999", b"9" * 400, b"1e999", b"nan", b"#", b"##x", b"=", b";", b";;", b"DP", b"DP=", b"DP=1;DP=2", b"AF=1",
    b"DP=99999999999999999999", b"AF=" + b"0.1," * 50, b"<", b"<DEL", b"]chr1:5]A", b"A,,C", b"0/9", b"0/1/1/1/1", b":", b"::::",
    b"GT:GT", b"\x0b", b"\x85", "\u2028".encode(), "é".encode(), b"\x1b[0m", b"CHROM\tPOS",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of its own for each reading."""
    runs = iter(range(1_000_000))
    base = tmp_path_factory.mktemp("readings")
    return lambda: base / str(next(runs))


def read(data: bytes, folder, worth: int = 1) -> Reading:
    folder.mkdir()
    path = folder / "upload"
    path.write_bytes(data)
    outcome = read_vcf(open_source(path, limits=LIMITS), folder, Choices(), lambda *said: None, worth=worth)
    return Reading(outcome, written(folder / "table"), written(folder / "rejects"))


@st.composite
def broken_line(draw: st.DrawFn, cells: list[str]) -> bytes:
    """A line with one to three fields dropped, swapped, doubled, garbled or replaced."""
    fields = [cell.encode() for cell in cells]
    value = st.sampled_from(VALUES) | st.binary(max_size=6).map(lambda data: data.replace(b"\n", b""))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(fields) - 1))
        match draw(st.sampled_from(["drop", "swap", "double", "garble", "replace", "replace"])):
            case "drop":
                fields[at : at + 1] = [b""] if len(fields) == 1 else []
            case "swap":
                fields[at], fields[-1 - at] = fields[-1 - at], fields[at]
            case "double":
                fields.insert(at, fields[at])
            case "garble":
                cut = draw(st.integers(0, len(fields[at])))
                fields[at] = fields[at][:cut] + draw(value) + fields[at][cut:]
            case "replace":
                fields[at] = draw(value)
    return b"\t".join(fields)


@given(data=st.data(), people=st.booleans(), end=st.sampled_from([b"\n", b"\r\n"]))
def test_a_broken_line_is_a_row_or_a_reject_and_its_neighbours_are_untouched(folder, data, people, end):
    head, cells = (SAMPLES, PEOPLE) if people else (SITES, SITE)
    good = "\t".join(cells).encode()
    broken = data.draw(broken_line(cells))
    text = head.encode().replace(b"\n", end) + end.join([good, good, broken, good, good, b""])
    quick, careful = read(text, folder()), read(text, folder(), CAREFULLY)
    check(text, quick)
    assert (quick.rows, quick.rejects) == (careful.rows, careful.rejects)
    assert quick.outcome.as_dict() == careful.outcome.as_dict()
    first = head.count("\n") + 1
    by_line = {line: cells for line, *cells in quick.rows}
    around = [first, first + 1, first + 3, first + 4]
    if b"CHROM" not in broken:  # names of columns among the data: what follows belongs to another VCF
        assert set(around) <= set(by_line)
        assert len({tuple(by_line[line]) for line in around}) == 1
        assert by_line[first][:7] == cells[:7]
    is_data = broken.strip() and not broken.startswith(b"#")
    assert (first + 2 in {*by_line, *(reject[0] for reject in quick.rejects)}) == bool(is_data)


@given(data=st.data())
def test_damaged_meta_lines_cost_no_row(folder, data):
    lines = META.encode().split(b"\n")[:-1]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(1, len(lines) - 1))
        cut, more = data.draw(st.integers(2, len(lines[at]))), data.draw(st.integers(0, 9))
        lines[at] = lines[at][:cut] + data.draw(st.sampled_from(VALUES)) + lines[at][cut + more :]
    names = SITES.encode().removeprefix(META.encode())
    good = "\t".join(SITE).encode() + b"\n"
    text = b"\n".join(lines) + b"\n" + names + good * 3
    try:
        reading = read(text, folder())
    except NotATable:
        raise AssertionError("a header was refused") from None
    check(text, reading)
    assert len(reading.rows) == 3
    assert [cells[:7] for _, *cells in reading.rows] == [SITE[:7]] * 3
    assert len(reading.outcome.header["lines"]) == len(lines) + 1
