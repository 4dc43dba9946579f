"""Files of other trades are refused with a sentence that says what they are and what to do; tables like them are read."""

import gzip
import io
import pickle
import tarfile
import zipfile

import numpy
import pytest

from files.readers.choices import Choices, Limits
from files.readers.errors import NotATable
from files.readers.reading import read_any


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(mode: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        info = tarfile.TarInfo("table.csv")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"a,b\n"))
    return out.getvalue()


def numpy_array() -> bytes:
    out = io.BytesIO()
    numpy.save(out, numpy.arange(5))
    return out.getvalue()


REST = bytes(range(256)) * 2
PNG = b"\x89PNG\r\n\x1a\n" + REST
MAIL = "Return-Path: <a@example.org>\r\nFrom: a@example.org\r\nTo: b@example.org\r\nSubject: variants\r\n\r\nHello, see it.\r\n"
READS = b"@read/1\nACGTN\n+\nIIIII\n@read/2\nACGTN\n+\nIIIII\n"

# What a file is, its bytes, and what the sentence must say of it and of the way out.
FOREIGN: list[tuple[str, bytes, str, str]] = [
    ("page", b"<html><body>x</body></html>", "HTML", "log-in page"),
    ("page behind blanks", b"\r\n\t <!DOCTYPE html>\n<html>", "HTML", "log-in page"),
    ("page behind a mark", b"\xef\xbb\xbf\n<!doctype html>", "HTML", "log-in page"),
    ("page behind a comment", b"<!-- saved from\nx -->\n<HTML lang='en'>", "HTML", "log-in page"),
    ("page behind a prolog", b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C">\n', "HTML", "log-in page"),
    ("page in UTF-16", "\ufeff<html>\n<body>".encode("utf-16-le"), "HTML", "log-in page"),
    ("page without html", b"<head><title>Sign in</title></head>", "HTML", "log-in page"),
    ("a table of a page", b"<table border=1><tr><td>1</td></tr></table>", "HTML", "spreadsheet"),
    ("a title above a table of a page", b"<p>Export</p>\n<TABLE>\n<TR><TD>gene</TD></TR></TABLE>", "HTML", "spreadsheet"),
    ("rows of a table of a page", b"<tr><th>gene</th></tr>\n<tr><td>TP53</td></tr>\n", "HTML", "spreadsheet"),
    ("MHTML", b'MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\nContent-Type: multipart/related; boundary="x"\r\n\r\n--x\r\n', "MHTML", "CSV"),
    ("SYLK", b'ID;PWXL;N;E\r\nP;PGeneral\r\nB;Y2;X2\r\nC;Y1;X1;K"gene"\r\nC;X2;K"pos"\r\nE\r\n', "SYLK", "CSV"),
    ("DIF", b'TABLE\r\n0,1\r\n"EXCEL"\r\nVECTORS\r\n0,3\r\n""\r\n', "DIF", "CSV"),
    ("XML", b'<?xml version="1.0" encoding="UTF-8"?>\n<ReleaseSet Dated="x">\n', "XML document", "Export"),
    ("XML without prolog", b"<ClinVarSet>\n <Title>x</Title>\n</ClinVarSet>", "XML document", "Export"),
    ("Excel as XML", b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook>', "Excel", "CSV"),
    ("SVG", b'<?xml version="1.0"?><!-- made --><svg xmlns="x"/>', "SVG image", "picture"),
    ("PNG", PNG, "PNG image", "Upload the table"),
    ("JPEG", b"\xff\xd8\xff\xe0" + REST, "JPEG image", "Upload the table"),
    ("GIF", b"GIF89a" + REST, "GIF image", "Upload the table"),
    ("TIFF", b"II*\0" + REST, "TIFF image", "Upload the table"),
    ("WebP", b"RIFF\x10\0\0\0WEBP" + REST, "WebP image", "Upload the table"),
    ("HEIC", b"\0\0\0\x18ftypheic" + REST, "HEIC", "picture"),
    ("film", b"\0\0\0\x18ftypmp42" + REST, "film", "Upload the table"),
    ("PDF", b"%PDF-1.4\n", "PDF", "spreadsheet"),
    ("RTF", rb"{\rtf1\ansi gene, pos}", "RTF", "CSV"),
    ("e-mail", MAIL.encode(), "e-mail", "attached"),
    ("mailbox", b"From a@example.org Mon Jan  1\n" + MAIL.encode(), "e-mail", "attached"),
    ("tar", tarred("w"), "tar archive", "Unpack"),
    ("tar.gz", tarred("w:gz"), "tar archive", "Unpack"),
    ("7z", b"7z\xbc\xaf\x27\x1c" + REST, "7z archive", "zip"),
    ("rar", b"Rar!\x1a\x07" + REST, "RAR archive", "zip"),
    ("lz4", b"\x04\x22\x4d\x18" + REST, "packed file", "zip"),
    ("zip of images", zipped({"a.png": PNG, "b.png": PNG + REST}), "PNG image", "Upload the table"),
    ("zip of folders", zipped({"a/": b"", "a/b/": b""}), "holds no files", ""),
    ("zip in zip", zipped({"a.zip": zipped({"a.csv": b"a,b\n1,2\n"})}), "packed file (zip)", "Unpack"),
    ("gzip in gzip", gzip.compress(gzip.compress(b"a,b\n1,2\n")), "packed file (gzip)", "Unpack"),
    ("empty in gzip", gzip.compress(b""), "empty", "0 bytes"),
    ("program", b"\x7fELF" + REST, "program", "Upload the table"),
    ("program of a Mac", b"\xcf\xfa\xed\xfe" + REST, "program", "Upload the table"),
    ("script", b"#!/usr/bin/env python3\nimport os, sys\n", "program", "Upload the table"),
    ("SQLite", b"SQLite format 3\0" + REST, "SQLite", "Export"),
    ("DuckDB", REST[:8] + b"DUCK\x40\0\0\0\0\0\0\0" + REST, "DuckDB", "Export"),
    ("HDF5", b"\x89HDF\r\n\x1a\n" + REST, "HDF5", "Export"),
    ("R object", gzip.compress(b"X\n\0\0\0\x03\0\4\0\0" + REST), "R data file", "write.csv"),
    ("R workspace", gzip.compress(b"RDX3\nX\n\0\0\0\x03" + REST), "R data file", "write.csv"),
    ("R object as text", b"A\n3\n262146\n197888\n5\nUTF-8\n", "R data file", "write.csv"),
    ("pickle", pickle.dumps({"gene": ["BRCA1"] * 20}, 4), "Python pickle", "to_csv"),
    ("pickle as text", pickle.dumps([1, 2, 3], 0), "Python pickle", "to_csv"),
    ("NumPy", numpy_array(), "NumPy array", "to_csv"),
    ("NumPy archive", zipped({"x.npy": numpy_array()}), "NumPy array", "to_csv"),
    ("BAM", gzip.compress(b"BAM\x01" + REST), "sequencing reads", "VCF"),
    ("CRAM", b"CRAM\x03\0" + REST, "sequencing reads", "VCF"),
    ("SAM", b"@HD\tVN:1.6\n@SQ\tSN:chr1\tLN:5\nr\t0\tchr1\t1\t60\t2M\t*\t0\t0\tAC\tII\n", "SAM", "VCF"),
    ("FASTQ", READS, "FASTQ", "VCF"),
    ("FASTQ.gz", gzip.compress(READS.replace(b"\n", b"\r\n")), "FASTQ", "VCF"),
    ("FASTQ of one long read", b"@read\n" + b"ACGTTGCA" * 20_000 + b"\n+\n" + b"I" * 160_000 + b"\n", "FASTQ", "VCF"),
    ("FASTA", b">chr1 one, two\nACGTACGT\nACG\n>chr2\nACG\n", "FASTA", "Upload the table"),
    ("FASTA of proteins", b">sp|P0|X\nMDLSALRVEEVQNVINAMQKILECP\nIC\n", "FASTA", "Upload the table"),
    ("bigWig", b"\x26\xfc\x8f\x88" + REST, "bigWig", "text"),
    ("PLINK", b"\x6c\x1b\x01" + REST, "PLINK", "vcf"),
    ("Git LFS", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "Git LFS", "git lfs pull"),
]  # fmt: skip

TABLES = [
    ("a header like SYLK", b"ID;PATIENT;K\nC;X1;K\nP;X2;L\n", 2),
    ("a header like a page's", b"<b>\t<i>\n1\t2\n3\t4\n", 2),
    ("symbolic alleles", b"<DEL>,5\n<DUP>,6\n<INS>,7\n", 3),
    ("names in angle brackets", b"<gene>\t<pos>\nBRCA1\t5\nTP53\t6\n", 2),
    ("rows that begin with >", b">5,x\n>6,y\n>7,z\n", 2),
    ("a header that begins with >", b">gene\tpos\nKRAS\t1\nTP53\t2\n", 2),
    ("a header that begins with @", b"@gene\tpos\nA\t1\nB\t2\n", 2),
    ("letters below a header with @", b"@gene,pos\nACGT,1\n+,2\n", 2),
    ("columns of an e-mail's names", b"From,To,Subject,Date\na,b,c,d\ne,f,g,h\n", 2),
    ("BED", b"track name=x\nchr1\t100\t200\ta\nchr2\t5\t9\tb\n", 2),
    ("GFF", b"##gff-version 3\nchr1\tsrc\tgene\t1\t9\t.\t+\t.\tID=1\nchr1\tsrc\tgene\t4\t9\t.\t+\t.\tID=2\n", 2),
    ("a gene called ORC", b"ORC\t1\nMCM\t2\nBM4\t3\n", 3),
    ("zip with a page beside", zipped({"a.html": b"<html>" + b"x" * 900, "b.csv": b"gene,pos\nA,1\nB,2\n"}), 2),
]


@pytest.fixture
def read(tmp_path):
    def read(data: bytes):
        path = tmp_path / "table.csv"  # names say nothing
        path.write_bytes(data)
        limits = Limits(free_disk_bytes=0)
        return read_any(path, tmp_path / "out", Choices(), limits, lambda fraction, sentence, rows: None)

    return read


@pytest.mark.parametrize(("data", "kind", "advice"), [case[1:] for case in FOREIGN], ids=[case[0] for case in FOREIGN])
def test_what_holds_no_table_is_refused_by_name_and_with_a_way_out(read, data, kind, advice):
    with pytest.raises(NotATable) as refused:
        read(data)
    assert kind in str(refused.value)
    assert advice in str(refused.value)


@pytest.mark.parametrize(("data", "rows"), [case[1:] for case in TABLES], ids=[case[0] for case in TABLES])
def test_tables_that_begin_alike_are_read(read, data, rows):
    assert read(data).rows == rows
