"""The VCF text of a BCF, made by a process of its own (bcf_text.py)."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from files.readers.environment import harmless_environment
from files.readers.errors import NotATable
from files.readers.unpack import BrokenOff

MAGIC = b"BCF\x02\x02"
OTHER_VERSIONS = (b"BCF\x01", b"BCF\x02", b"BCF\x04")
MEMORY_BYTES = 1024**3  # for htslib, beside what the reader itself may take
ROOT = Path(__file__).parents[2]


def is_bcf(head: bytes) -> bool:
    """Whether the unpacked bytes begin as a BCF does. Raises NotATable for versions that htslib does not read."""
    if head.startswith(MAGIC):
        return True
    if head.startswith(OTHER_VERSIONS):
        raise NotATable(
            "This is a BCF file of a version that cannot be read; version 2.2 can. Convert it with the program that made"
            " it, to VCF."
        )
    return False


def vcf_text(path: Path, size: int, at: Callable[[int], None]) -> Iterator[bytes]:
    """The text in blocks of at most `size` bytes; `at` is told how many bytes of the file are read.

    Raises BrokenOff after the last record that could be read, NotATable where there is not even a header.
    """
    came = False
    command = [sys.executable, "-m", "files.readers.bcf_text", str(os.getpid()), str(MEMORY_BYTES)]
    with (
        path.open("rb", buffering=0) as stream,
        subprocess.Popen(
            command, cwd=ROOT, env=harmless_environment(),
            stdin=stream, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,  # htslib prints values of the file there
        ) as process,
    ):  # fmt: skip
        assert process.stdout is not None
        try:
            while block := process.stdout.read(size):
                came = True
                at(stream.tell())  # both processes share the open file, and so the place in it
                yield block
            status = process.wait()
        finally:
            process.kill()
    if status and not came:
        raise NotATable("The BCF file is cut off or damaged: its header cannot be read. Upload a whole copy of it.")
    if status:
        raise BrokenOff("cut off or damaged")
