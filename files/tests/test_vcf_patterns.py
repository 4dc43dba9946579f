"""Patterns of clean lines against the careful reading, and random damage: no line is misread, none vanishes."""

import random

import pytest

from files.readers.errors import NotATable
from files.readers.vcf.taking import spans
from files.tests.vcf_texts import META, NAMES, kinds, read_text, rejects, table

CAREFULLY = 1 << 60
PEOPLE = ["anna", "ben", "cleo"]
MORE = """##INFO=<ID=AC,Number=A,Type=Integer,Description="">
##INFO=<ID=CI,Number=2,Type=Integer,Description="">
##INFO=<ID=H2,Number=0,Type=Flag,Description="">
##INFO=<ID=A.B,Number=.,Type=Float,Description="">
##INFO=<ID=C,Number=1,Type=Character,Description="">
##FORMAT=<ID=PL,Number=G,Type=Integer,Description="">
##FORMAT=<ID=FT,Number=1,Type=String,Description="">
##FORMAT=<ID=GP,Number=G,Type=Float,Description="">
"""
ALTS = ["G", "T,C", "<DEL>", ".", "*", "A,G,<NON_REF>", "G]chr2:5]", "<DUP:TANDEM>,ACGT"]
QUALS = [".", "0", "33.5", "1e-7"]
NUMBERS = ["0", "17", ".", "-3"]
PIECES = [b"\t", b"\n", b";", b"=", b",", b":", b"\r", b"\0", b"\xff", b" ", b".", b"#", b"\r\n", b"A", b"\n\n", b'"']
TEXTS = ["BRCA1", "a=b", "Ω,é", "x y", ".", 'say "hi"', "\\N", "'", "NULL"]
DECIMALS = ["0.5", ".", "1e-5", "-.25", "nan", "3."]


def info_of(chance: random.Random, alts: int) -> str:
    each = lambda values: ",".join(chance.choice(values) for _ in range(max(alts, 1)))  # noqa: E731
    items = {
        "DP": f"DP={chance.choice(NUMBERS)}", "AF": f"AF={each(DECIMALS)}", "AC": f"AC={each(NUMBERS)}",
        "DB": "DB", "H2": "H2", "GENE": "GENE=" + chance.choice(TEXTS),
        "CI": f"CI={chance.choice(['-5,5', '.', '.,.'])}", "A.B": f"A.B={','.join(chance.choices(DECIMALS, k=3))}",
        "C": f"C={chance.choice('xyz.')}",
    }  # fmt: skip
    kept = [item for item in items.values() if chance.random() < 0.6]
    if chance.random() < 0.1:
        chance.shuffle(kept)
    return ";".join(kept) or "."


def cell_of(chance: random.Random, keys: list[str], alts: int) -> str:
    index = lambda: chance.choice([".", *map(str, range(alts + 1))])  # noqa: E731
    values = {
        "GT": chance.choice("/|").join(index() for _ in range(chance.choice([1, 2, 2, 2, 3]))),
        "DP": chance.choice(NUMBERS), "AD": ",".join(chance.choice(NUMBERS) for _ in range(alts + 1)),
        "PL": chance.choice([".", "0,10,20"]), "FT": chance.choice(["PASS", "q10;q20", "."]),
        "GP": chance.choice(DECIMALS),
    }  # fmt: skip
    return ":".join(values[key] for key in keys[: chance.choice([len(keys), len(keys), 1])])


def valid_line(chance: random.Random, place: int, samples: int) -> str:
    alt = chance.choice(ALTS)
    alts = 0 if alt == "." else alt.count(",") + 1
    cells = [
        f"chr{1 + place // 1_000}", str(10 * place), chance.choice([".", "rs1", "rs1;x"]), chance.choice(["A", "acgTN"]),
        alt, chance.choice(QUALS), chance.choice(["PASS", ".", "q10"]), info_of(chance, alts),
    ]  # fmt: skip
    if samples:
        keys = ["GT", *(key for key in ["DP", "AD", "PL", "FT", "GP"] if chance.random() < 0.4)]
        cells += [":".join(keys), *(cell_of(chance, keys, alts) for _ in range(samples))]
    return "\t".join(cells) + "\n"


def valid_vcf(chance: random.Random, lines: int, samples: int) -> str:
    names = "\t".join([NAMES, *(["FORMAT", *PEOPLE[:samples]] if samples else [])]) + "\n"
    return META + MORE + names + "".join(valid_line(chance, place, samples) for place in range(1, lines + 1))


def damaged(chance: random.Random, text: bytes, times: int) -> bytes:
    """Bytes changed, dropped, doubled and put in, anywhere but for the line of column names."""
    data = bytearray(text)
    names = text.index(b"#CHROM")
    for _ in range(times):
        at = chance.randrange(len(data))
        if names - 2 <= at <= names + 120:
            continue
        piece = chance.choice(PIECES)
        match chance.randrange(4):
            case 0:
                data[at : at + 1] = piece
            case 1:
                data[at:at] = piece
            case 2:
                del data[at : at + chance.randrange(1, 40)]
            case 3:
                data[at:at] = data[at : at + chance.randrange(1, 300)]
    return bytes(data)


def told(outcome, folder):
    """All that a reading says."""
    return (
        table(outcome, folder), rejects(folder), sorted(kinds(outcome).items()), outcome.columns, outcome.rows,
        outcome.reasons, outcome.padded, outcome.skipped, outcome.reading,
    )  # fmt: skip


@pytest.mark.parametrize("sample_columns", [100, 0], ids=["split", "whole"])
@pytest.mark.parametrize("samples", [0, 1, 3])
def test_patterns_read_what_the_careful_way_reads(tmp_path, samples, sample_columns):
    text = valid_vcf(random.Random(samples), 400, samples)
    quick = read_text(text, tmp_path / "quick", worth=1, sample_columns=sample_columns)
    careful = read_text(text, tmp_path / "careful", worth=CAREFULLY, sample_columns=sample_columns)
    assert told(quick, tmp_path / "quick") == told(careful, tmp_path / "careful")
    assert (quick.rows, quick.rejected, quick.warnings) == (400, 0, [])


@pytest.mark.parametrize("seed", range(25))
def test_damage_is_named_and_read_alike(tmp_path, seed):
    chance = random.Random(seed)
    samples = chance.choice([0, 1, 3])
    clean = valid_vcf(chance, 60, samples).encode()
    text = damaged(chance, clean, chance.choice([1, 5, 40]))
    columns = chance.choice([100, 0])
    quick = read_text(text, tmp_path / "quick", worth=1, sample_columns=columns)
    careful = read_text(text, tmp_path / "careful", worth=CAREFULLY, sample_columns=columns)
    assert told(quick, tmp_path / "quick") == told(careful, tmp_path / "careful")
    assert quick.rows + quick.rejected == data_lines(text)
    lines = text.split(b"\n")
    for reject in rejects(tmp_path / "quick"):
        written = lines[reject["line"] - 1].removesuffix(b"\r")
        assert text[reject["offset"] :].startswith(written)


def data_lines(text: bytes) -> int:
    """Lines that are neither blank nor begin with #, wherever: counted apart from the reader."""
    return sum(1 for line in text.split(b"\n") if line.strip() and not line.startswith(b"#"))


@pytest.mark.parametrize("seed", range(25))
def test_damage_anywhere_never_raises_but_notatable(tmp_path, seed):
    chance = random.Random(1_000 + seed)
    text = bytearray(valid_vcf(chance, 20, chance.choice([0, 3])).encode())
    for _ in range(chance.choice([1, 10, 100])):
        at = chance.randrange(len(text))
        text[at : at + chance.randrange(30)] = chance.randbytes(chance.randrange(4))
    try:
        outcome = read_text(bytes(text[chance.choice([0, 0, 500]) :]), tmp_path, worth=1)
    except NotATable:
        return
    physical = bytes(text).count(b"\n")
    assert outcome.rows + outcome.rejected <= physical + 1


@pytest.mark.parametrize("seed", range(5))
def test_spans_cover_every_byte_once(seed):
    chance = random.Random(seed)
    data = b"".join(chance.choice([b"abc", "é€".encode(), b"\xff", b"\xc3", b""]) + b"\n" for _ in range(200))
    at = 0
    for begin, end, is_utf8 in spans(data, 0):
        assert begin == at
        assert data[end - 1 : end] == b"\n"
        assert is_utf8 == _is_utf8(data[begin:end])
        assert is_utf8 or data.count(b"\n", begin, end) == 1
        at = end
    assert at == len(data)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
