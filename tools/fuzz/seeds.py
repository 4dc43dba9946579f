"""The first inputs of each target, made by code: small files of every kind the readers know."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from itertools import product

import zstandard

ENDS = ["\n", "\r\n", "\r"]
ROWS = [
    ["gene", "hgvs_c", "classification", "n"],
    ["BRCA1", "c.68_69del", 'say "both", or\ntwo lines', "12"],
    ["TP53", "c.743G>A", "", "-0.5"],
    ["", "żółć 漢 🧬", " blanks ", "1e-7"],
    ["x'y", "#no comment", "a;b|c\td", "rs80357906"],
]
ODD = [
    'a,b,c\n1,2,3\n\n# note\n1,2\n1,2,3,4\n"open,2,3\n4,5,6\nNote: a footnote\n',
    'Title of it all\n\na;b;c\n1;2;3\n4;5"6;7\n\nx;y\n1;2\n',
    "sep=;\na;b\n1;2\n",
    "a  b   c\n1  2   3\n44 5   6\n",
    '##meta\n#a\tb\tc\n1\t"2\t3\n4\t5"\t6\n',
    'a,b\n"x\ry","x\r\ny"\n\\"q\\",z\n',
    "BRCA1\nTP53\nCFTR\n",
]
META = """##fileformat=VCFv4.3
##reference=file:///ref/GRCh38.fa
##FILTER=<ID=q10,Description="below 10">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth, \\"of all\\"">
##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency">
##INFO=<ID=DB,Number=0,Type=Flag,Description="In dbSNP">
##INFO=<ID=CI,Number=2,Type=Integer,Description="Odd "quotes" inside">
##INFO=<ID=OLD,1,Integer,"As in VCF 3">
##FORMAT=<ID=GT,Number=1,Type=String,Description="">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="">
##contig=<ID=chr1,length=248956422,assembly=GRCh38>
##ALT=<ID=DEL,Description="Deletion">
##SAMPLE=<ID=anna,Values=[a, b]>
"""
NAMES = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
SITES = "chr1\t100\trs1\tA\tG,<DEL>\t50\tPASS\tDP=10;AF=0.5,.;DB\nchr1\t90\t.\tAC\t*\t.\tq10\tCI=-5,5;X=1\n"
CALLED = "chr1\t7\t.\tA\tG\t1e3\tPASS\tDP=.\tGT:AD\t0/1:3,4\t1|1\nchr2\t8\t.\tN\tG]chr2:5]\t.\t.\t.\tGT\t.\t./.\n"


def table_texts() -> list[str]:
    texts = list(ODD)
    for delimiter, end, always in product(",\t;|", ENDS, (False, True)):
        lines = []
        for row in ROWS:
            cells = [_cell(cell, delimiter, always) for cell in row]
            lines.append(delimiter.join(cells) + end)
        texts.append("".join(lines))
    return texts


def _cell(cell: str, delimiter: str, always: bool) -> str:
    if always or any(mark in cell for mark in (delimiter, '"', "\n")):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def vcf_texts() -> list[str]:
    samples = "\tFORMAT\tanna\tben\n"
    texts = [META + NAMES + "\n" + SITES, META + NAMES + samples + CALLED, NAMES + "\n" + SITES * 3]
    return [
        *texts,
        *(text.replace("\n", "\r\n") for text in texts),
        texts[1] + "\n" + NAMES + "\tFORMAT\teve\n" + CALLED,
    ]


def table_files() -> list[bytes]:
    texts = table_texts()
    wide = [texts[7].encode(name) for name in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")]
    return [
        *(text.encode() for text in texts),
        *wide,
        "a,größe\nä,ß\n".encode("cp1252"),
        "遺伝子,値\n漢字,1\n".encode("cp932"),
    ]


def packed_files() -> list[bytes]:
    data = (table_texts()[8] * 3).encode()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/table.csv", data)
        archive.writestr("readme.txt", "see table.csv")
    two = gzip.compress(data[:50], mtime=0) + gzip.compress(data[50:], mtime=0)
    return [
        gzip.compress(data, mtime=0), two, two + b"\0\0", bz2.compress(data), lzma.compress(data), stream.getvalue(),
        zstandard.ZstdCompressor(write_checksum=True).compress(data), zstandard.compress(data, 1)[:-5], _bgzip(data),
    ]  # fmt: skip


def _bgzip(data: bytes) -> bytes:
    """Members with the extra field of the SAM specification, section 4.1."""

    def member(piece: bytes) -> bytes:
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        body = packer.compress(piece) + packer.flush()
        head = bytes.fromhex("1f8b08040000000000ff0600") + b"BC\2\0" + (len(body) + 25).to_bytes(2, "little")
        return head + body + zlib.crc32(piece).to_bytes(4, "little") + len(piece).to_bytes(4, "little")

    return member(data[:40]) + member(data[40:]) + member(b"")


def seeds(target: str) -> list[bytes]:
    """Inputs of a target; what a target takes as options stands before the file."""
    match target:
        case "scanner":
            return [b"\0\0\3" + data for data in table_files()]
        case "table":
            return [option + data for data in table_files() for option in (b"\0", b"\x80")]
        case "original":
            return [b"\3\0" + data for data in table_files()]
        case "vcf_header" | "vcf":
            return [text.encode().removeprefix(b"##fileformat=VCFv4.2\n") for text in vcf_texts()]
        case "packed":
            return packed_files()
        case "sniffers":
            return table_files()
        case _:
            return [*table_files(), *(text.encode() for text in vcf_texts()), *packed_files()]
