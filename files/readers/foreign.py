"""Files of other trades that hold no table, told by their first bytes: what each is, and what to do about it.

Those that read as text are the dangerous ones: a saved log-in page or a FASTQ would become a table of one column.
"""

import re

TABLE = "Upload the table itself, such as CSV, TSV or VCF."
PICTURE = "Upload the table itself, not a picture of it."
EXPORT = "Export the table as CSV."
UNPACK = "Unpack it, or pack it as zip or gzip."
READS = "Vardesk reads tables of variants: call variants first, and upload the VCF."

BINARY: list[tuple[bytes, str, str]] = [
    (rb"BM.{4}\0\0\0\0.{4}[\x0c\x28\x6c\x7c]\0\0\0", "a BMP image", PICTURE),
    (rb"\0\0[\x01\x02]\0[\x01-\x40]\0", "an icon", PICTURE),
    (rb"\0\0\0.ftyp(hei|hev|mif1|avif)", "a HEIC or AVIF image", PICTURE),
    (rb"\0\0\0.ftyp", "a film or sound file", TABLE),
    (rb"(ID3[\x02-\x04]|OggS\0|fLaC\0|RIFF.{4}(WAVE|AVI ))", "a film or sound file", TABLE),
    (rb"(\xcf\xfa\xed\xfe|\xce\xfa\xed\xfe|\xca\xfe\xba\xbe|\0asm\x01)", "a program", TABLE),
    (rb"MZ.{58}..\0\0", "a program", TABLE),
    (rb"(X\n\0\0\0[\x02\x03]|B\n[\x02\x03]\0\0\0|RD[ABX][23]\n)", "an R data file", "In R: write.csv(x, 'x.csv', row.names = FALSE)."),
    (rb"\x93NUMPY", "a NumPy array", "In Python: pandas.DataFrame(x).to_csv('x.csv', index=False)."),
    (rb"\x80([\x02\x03][\](}c]|[\x04\x05]\x95.{6}\0\0)", "a Python pickle", "In Python: x.to_csv('x.csv', index=False)."),
    (rb"MATLAB \d\.\d MAT-file", "a MATLAB file", EXPORT),
    (rb"(\x71|\x72|\x73)[\x01\x02]\x01\0.{4}", "a Stata file", EXPORT),
    (rb"\0{12}\xc2\xea\x81\x60", "a SAS file", EXPORT),
    (rb"\$FL[23]@\(#\)", "an SPSS file", EXPORT),
    (rb".{8}DUCK.\0\0\0", "a DuckDB database", EXPORT),
    (rb"Obj\x01", "an Avro file", EXPORT),
    (rb"ORC[\0-\x08]", "an ORC file", EXPORT),
    (rb"(\x1a\x45\xdf\xa3)", "a film or sound file", TABLE),
    (rb"(\x04\x22\x4d\x18|\x1f\x9d|\x1f\xa0|LZIP\x01)", "a packed file of a kind that Vardesk does not read", UNPACK),
    (rb"(MSCF\0\0\0\0|!<arch>\n)", "an archive", UNPACK),
    (rb"(\x43\x27\x41\x1a|\x1a\x41\x27\x43)", "a reference sequence (2bit)", TABLE),
    (rb"(\x26\xfc\x8f\x88|\x88\x8f\xfc\x26|\xeb\xf2\x89\x87|\x87\x89\xf2\xeb)", "a bigWig or bigBed file", "Convert it to text (bigBedToBed, bigWigToBedGraph) and upload that."),
    (rb"\x6c\x1b[\0\x01\x02\x10\x11]", "a genotype file of PLINK", "Convert them with: plink --recode vcf"),
    (rb"(wOFF|wOF2|OTTO\0|\0\x01\0\0\0)", "a font", TABLE),
]  # fmt: skip

_WEB = "a web page (HTML)"
_WEB_ADVICE = (
    "Maybe a log-in page was saved in place of the file. A table on it: open it in a spreadsheet, save that as CSV."
)
_SHEET = "Save the sheet as CSV or tab-separated text and upload that."
# Of text without its byte-order mark, leading blanks, XML declaration and comments.
TEXT: list[tuple[str, str, str]] = [
    (r"<(!doctype\s+html|(html|head|body|meta|title|script|style|table|div|center)[\s>/])", _WEB, _WEB_ADVICE),
    (r"<(p|b|i|br|h[1-6]|font|span|form|link|t[rdh]|thead|tbody)[\s>/](?=.*<t[rdh][\s>])", _WEB, _WEB_ADVICE),
    (r"(<!doctype\s+svg|<svg[\s>/])", "an SVG image", PICTURE),
    (r"<\?mso-application[^>]*Excel|<(ss:)?Workbook[\s>]", "an Excel workbook (XML)", _SHEET),
    (r"MIME-Version: 1\.0[^\n]*\n([\w-]+:[^\n]*\n|[ \t][^\n]*\n)*Content-Type: multipart/related", "a web archive (MHTML)", _SHEET),
    (r"(?-i:ID;P[^\n]*\n(([BFOPW]|N[ENU]);[^\n]*\n)*C;([XY]\d+;)+K[\"\d-])", "a SYLK spreadsheet", _SHEET),
    (r"(?-i:TABLE\n0,1\n\")", "a DIF spreadsheet", _SHEET),
    (r"<stata_dta>", "a Stata file", EXPORT),
    (r"(<!doctype\s|<\?xml-)", "an XML document", "Export the table in it as CSV."),
    (r"<([a-z_][\w:.-]*)(\s[^<>]*)?>\s*<(?=[a-z_!?].*</[a-z_])", "an XML document", "Export the table in it as CSV."),
    (r"\{\\rtf\d", "a text document (RTF)", "Save its table as CSV from a spreadsheet."),
    (r"%!PS", "a PostScript document", "Copy its table into a spreadsheet and save that as CSV."),
    (r"\\documentclass|\\begin\{", "a LaTeX document", TABLE),
    (r"#!\s?/", "a program (a script)", TABLE),
    (r"version https://git-lfs\.github\.com/", "a pointer of Git LFS, which stands for the file", "Fetch the file with: git lfs pull"),
    (r"\[InternetShortcut\]", "a link to a web page", "Save what it points to and upload that."),
    (r"@(HD|SQ|RG|PG|CO)\t[^\n]*\n@?\S", "a file of sequencing reads (SAM)", READS),
    (r"@[^\t\n]*\n([acgtun.]{50,}\Z|([acgtun.]+\n)+\+[^\n]*\n[!-~]+\n)", "a file of sequencing reads (FASTQ)", READS),
    (r"(;[^\n]*\n)*>[^\t\n]*\n([acgtun]+|[a-z*-]{20,})\n?(\Z|[a-z*>;-])", "a file of sequences (FASTA)", TABLE),
    (r"(\(lp\d|\(dp\d|ccopy_reg\n|c__builtin__\n)", "a Python pickle", "In Python: x.to_csv('x.csv', index=False)."),
    (r"(A\n[23]\n\d{5,7}\n\d{5,7}\n|RDA[23]\nA\n)", "an R data file", "In R: write.csv(x, 'x.csv', row.names = FALSE)."),
]  # fmt: skip
_BINARY = [(re.compile(pattern, re.DOTALL), kind, advice) for pattern, kind, advice in BINARY]
_TEXT = [(re.compile(pattern, re.DOTALL | re.IGNORECASE), kind, advice) for pattern, kind, advice in TEXT]
_PROLOG = re.compile(r"(\s+|<\?xml\s[^>]*>|<!--.*?-->)+", re.DOTALL | re.IGNORECASE)
_MAIL = re.compile(
    r"(Return-Path|Delivered-To|Received|From|To|Cc|Subject|Date|Message-ID|MIME-Version|Content-Type|X-[\w-]+): ",
    re.IGNORECASE,
)
MAIL_LINES = 30  # among which at least four kinds of an e-mail's header lines stand
MAIL_KINDS = 4


def foreign_kind(head: bytes) -> tuple[str, str] | None:
    """What a file is that begins so, with its article, and a sentence on what to do; None where it may be a table."""
    for pattern, kind, advice in _BINARY:
        if pattern.match(head):
            return kind, advice
    text = _text(head)
    body = _PROLOG.sub("", text, count=1) if (found := _PROLOG.match(text)) else text
    if found and "<?xml" in found[0].lower() and not re.match(r"<(html|svg|\w*:?workbook|[!?])", body, re.IGNORECASE):
        return "an XML document", "Export the table in it as CSV."
    for told, kind, advice in _TEXT:
        if told.match(body):
            return kind, advice
    if _is_mail(text):
        return "an e-mail", "Save the file that is attached to it and upload that."
    return None


def _text(head: bytes) -> str:
    """The first characters, whatever their encoding: only the ASCII among them counts. Line ends are line feeds."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[:64].count(0) > len(head[:64]) / 3:
        head = head.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff").replace(b"\0", b"")
    text = head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_mail(text: str) -> bool:
    lines = text.split("\n", MAIL_LINES)[:MAIL_LINES]
    first = 1 if lines[0].startswith("From ") else 0  # as a mailbox begins
    found = [_MAIL.match(line) for line in lines]
    kinds = {match[1].lower() for match in found if match}
    return len(lines) > first and found[first] is not None and len(kinds) >= MAIL_KINDS
