import pytest

from files.readers.original import leading_lines, lines_at


def blocks(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
@pytest.mark.parametrize(
    ("data", "wanted", "lines"),
    [
        (b"a\nbb\nccc\n", [(2, 1)], b"bb\n"),
        (b"a\nbb\nccc", [(0, 1), (5, 1)], b"a\nccc"),
        (b"a\r\nbb\r\nccc\r\n", [(3, 1), (7, 1)], b"bb\r\nccc\r\n"),
        (b'a\r\n"b\r\nb"\r\nc\r\n', [(3, 2)], b'"b\r\nb"\r\n'),
        (b"a\rb\rc\r", [(2, 1), (4, 1)], b"b\rc\r"),
        (b"a\r\r\nb\n", [(0, 1)], b"a\r\r\n"),
        (b"\xff\x00\nb\n", [(0, 1)], b"\xff\x00\n"),
        (b"a\n", [(9, 1)], b""),
        (b"", [(0, 1)], b""),
    ],
)
def test_lines_are_taken_as_they_were_written(data, wanted, lines, size):
    assert b"".join(lines_at(blocks(data, size), wanted)) == lines


@pytest.mark.parametrize("size", [1, 4, 100])
@pytest.mark.parametrize(
    ("data", "header"),
    [
        (b"##a\n#CHROM\tPOS\n1\t2\n#x\n", b"##a\n#CHROM\tPOS\n"),
        (b"\xef\xbb\xbf##a\r\n\r\n#CHROM\r\n", b"\xef\xbb\xbf##a\r\n#CHROM\r\n"),
        (b"##a\nCHROM\tPOS\n#x\n", b"##a\nCHROM\tPOS\n"),
        (b"##a\n##b\n1\t2\n##c\n", b"##a\n##b\n"),
        (b"1\t2\n", b""),
        (b"", b""),
    ],
)
def test_the_header_of_a_vcf_ends_with_the_names_of_its_columns(data, header, size):
    assert b"".join(leading_lines(blocks(data, size), b"#", (b"#CHROM", b"CHROM\t"))) == header


def test_a_long_line_is_never_held_whole():
    pieces = lines_at((b"x" * 1000 for _ in range(1000)), [(500, 1)])
    assert max(map(len, pieces)) <= 1000
