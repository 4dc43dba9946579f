"""The one door of the readers: a file in, a folder with its table and its rejects out."""

import re
from collections.abc import Callable
from pathlib import Path

from files.readers.choices import Choices, Limits
from files.readers.findings import Outcome
from files.readers.json_lines import HEAD as JSON_HEAD
from files.readers.json_lines import is_json_lines, read_json_lines
from files.readers.parquet import is_parquet, read_parquet
from files.readers.source import BcfSource, open_source
from files.readers.table import read_table
from files.readers.workbook.container import workbook_format

__all__ = ["Choices", "Limits", "Report", "looks_like_vcf", "read_any"]

Report = Callable[[float, str, int], None]  # fraction 0..1, a sentence on what is done, rows so far

VCF_HEAD = 256 * 1024
_VCF = re.compile(
    rb"^(?:\xef\xbb\xbf)?(?:##fileformat=VCF|#CHROM(?:\t| +)POS(?:\t| +)ID(?:\t| +)REF\b)", re.MULTILINE | re.IGNORECASE
)
_UTF16 = re.compile(rb"(?:\xff\xfe|\xfe\xff)?\0?#\0")


def looks_like_vcf(head: bytes) -> bool:
    """Whether a file that begins so is a VCF: it says so, or has a VCF's line of column names. Also in UTF-16."""
    if _UTF16.match(head):
        head = head.lstrip(b"\xff\xfe").replace(b"\0", b"")
    return _VCF.search(head) is not None


def read_any(path: Path, folder: Path, choices: Choices, limits: Limits, report: Report) -> Outcome:
    """Reads a VCF, a sheet of a workbook or a text table into `folder`/table (TableWriter) and `folder`/rejects (Findings).

    Raises NotATable with a sentence for the user where the file is none of them.
    """
    if is_parquet(path):
        return read_parquet(path, folder, limits, report)
    if kind := workbook_format(path, limits):
        from files.readers.workbook.reading import read_spreadsheet

        return read_spreadsheet(path, kind, folder, choices, limits, report)
    source = open_source(path, member=choices.member, limits=limits)
    if isinstance(source, BcfSource):
        return _read_bcf(source, folder, choices, report)
    head = source.head(JSON_HEAD)
    if choices.delimiter is None and is_json_lines(head, complete=len(head) < JSON_HEAD):
        return read_json_lines(source, folder, choices, report)
    if looks_like_vcf(head[:VCF_HEAD]):
        from files.readers.vcf import read_vcf

        return read_vcf(source, folder, choices, report)
    return read_table(source, folder, choices, report)


def _read_bcf(source: BcfSource, folder: Path, choices: Choices, report: Report) -> Outcome:
    from files.readers.vcf import read_vcf

    outcome = read_vcf(source, folder, choices, report)
    outcome.format = "bcf"
    outcome.reading["line_numbers"] = "those of its VCF text, as bcftools view prints it"
    return outcome
