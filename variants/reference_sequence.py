"""The reference sequences that an installation may have: FASTA files that settings name, read through htslib's index.

Nothing is ever written beside a FASTA. Its own index (`.fai`, with bgzip `.gzi` too) is used where it is there and no
older than the FASTA; else one is made below VAR_DIR, once.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pysam
from django.conf import settings

from project.core.jobs import JobError
from variants.assemblies import HG19_MT_LENGTH, TAKEN, by_name, length_of
from variants.models import ASSEMBLIES, CHROMOSOMES

SAMPLES, SAMPLE_BASES = 8, 1000  # stretches of each chromosome that the checksum covers, and their length


class BadReference(JobError):
    """A FASTA that cannot be used. The sentence names the setting and the file's name, never its folder."""


class ReferenceSequence:
    """One FASTA that was looked at and fits its assembly. Not for several threads at once. Close it.

    `lengths`: chromosome (1 to 22, X, Y, MT) -> bases, of those that the FASTA has. `note` says where they are nobody's.
    """

    def __init__(self, assembly: str, path: Path, fasta: pysam.FastaFile):
        self.assembly, self.name = assembly, path.name
        self._fasta = fasta
        self._contigs = _chromosomes(assembly, path.name, fasta)
        self.lengths = {chrom: fasta.get_reference_length(contig) for chrom, contig in self._contigs.items()}
        self.note = _judged(assembly, path.name, self.lengths)

    def bases(self, chrom: str, start0: int, end0: int) -> str:
        """Upper-case bases of an interbase interval, cut at the chromosome's ends. Raises BadReference."""
        start0, end0 = max(start0, 0), min(end0, self.lengths[chrom])
        if start0 >= end0:
            return ""
        try:
            found = self._fasta.fetch(self._contigs[chrom], start0, end0).upper()
            if len(found) != end0 - start0:
                raise ValueError(f"{len(found)} bases of {end0 - start0}")
        except (ValueError, OSError) as error:
            raise BadReference(
                f"{self.name} ({_setting(self.assembly)}) cannot be read at {chrom}:{start0 + 1:,}: it is cut off,"
                " or its index (.fai) is another file's. Make the index anew."
            ) from error
        return found

    def identity(self) -> dict:
        """What tells it from another: its chromosomes, and a checksum of their lengths and of stretches of each."""
        digest = hashlib.sha256()
        for chrom, length in self.lengths.items():
            digest.update(f"{chrom}:{length}:".encode())
            for start0 in range(0, length, max(SAMPLE_BASES, length // SAMPLES)):
                digest.update(self.bases(chrom, start0, start0 + SAMPLE_BASES).encode())
        return {"checksum": digest.hexdigest()[:32], "chromosomes": list(self.lengths)}

    def close(self) -> None:
        self._fasta.close()


def configured() -> dict[str, Path]:
    """Assembly -> FASTA, of the assemblies for which a setting names one."""
    named = {assembly: getattr(settings, _setting(assembly)) for assembly in ASSEMBLIES}
    return {assembly: Path(path) for assembly, path in named.items() if path}


@contextmanager
def references(*, may_index: bool = True) -> Iterator[dict[str, ReferenceSequence]]:
    """Every configured reference, open, by assembly. Raises BadReference.

    `may_index` False: one that has no index yet is left out, for to make it takes many seconds.
    """
    with ExitStack() as stack:
        opened = {}
        for assembly, path in configured().items():
            if (reference := open_reference(assembly, path, may_index=may_index)) is not None:
                stack.callback(reference.close)
                opened[assembly] = reference
        yield opened


def open_reference(assembly: str, path: Path, *, may_index: bool = True) -> ReferenceSequence | None:
    """None where it has no index and may not be given one. Raises BadReference."""
    said = f"{_setting(assembly)} names {path.name}, which"
    try:
        state = path.stat()
        _refuse_unless_fasta(path, said)
    except OSError as error:
        raise BadReference(f"{said} is not there or cannot be read. Correct or empty the setting.") from error
    sequence = _indexed(path, state, may_index=may_index)
    if sequence is None:
        return None
    pysam.set_verbosity(0)
    try:
        fasta = pysam.FastaFile(str(sequence))
    except (OSError, ValueError) as error:
        raise BadReference(f"{said} cannot be read, or its index (.fai) cannot. Make the index anew.") from error
    try:
        return ReferenceSequence(assembly, path, fasta)
    except BaseException:
        fasta.close()
        raise


def _setting(assembly: str) -> str:
    return f"REFERENCE_FASTA_{assembly.upper()}"


def _refuse_unless_fasta(path: Path, said: str) -> None:
    with path.open("rb") as stream:
        head = stream.read(18)
    # A block of bgzip is a gzip member with an extra field "BC".
    if head[:2] == b"\x1f\x8b":
        if head[3:4] != b"\x04" or head[12:14] != b"BC":
            raise BadReference(
                f"{said} is packed with gzip. Unpack it, or pack it with bgzip: only that can be indexed."
            )
    elif head[:1] != b">":
        raise BadReference(f"{said} is no FASTA: its first character is not “>”.")


def _indexed(path: Path, state: os.stat_result, *, may_index: bool) -> Path | None:
    """The file to open: the FASTA where its own index will do, else a link to it that has one, below VAR_DIR."""
    with path.open("rb") as stream:
        is_packed = stream.read(1) == b"\x1f"
    beside = [Path(f"{path}{ending}") for ending in ([".fai", ".gzi"] if is_packed else [".fai"])]
    if all(index.is_file() and index.stat().st_mtime >= state.st_mtime for index in beside):
        return path
    told_by = f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}"
    folder = Path(settings.VAR_DIR) / "reference" / hashlib.sha256(told_by.encode()).hexdigest()[:32]
    if not (folder / "sequence.fa.fai").exists():
        if not may_index:
            return None
        _make_index(path, folder)
    return folder / "sequence.fa"


def _make_index(path: Path, folder: Path) -> None:
    """Whole or not at all: made in a folder of its own that is renamed at the end. Raises BadReference."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    making = Path(mkdtemp(prefix="making-", dir=folder.parent))
    try:
        (making / "sequence.fa").symlink_to(path.resolve())
        pysam.set_verbosity(0)
        try:
            pysam.FastaFile(str(making / "sequence.fa")).close()
        except (OSError, ValueError) as error:
            raise BadReference(
                f"{path.name} is no FASTA that can be indexed: names without bases, lines of unequal length or other"
                " text in it. “samtools faidx” says where."
            ) from error
        try:
            making.rename(folder)
        except OSError:
            if not (folder / "sequence.fa.fai").exists():  # else another worker was quicker
                raise
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _chromosomes(assembly: str, name: str, fasta: pysam.FastaFile) -> dict[str, str]:
    """Chromosome -> its contig, in the order of CHROMOSOMES. Other contigs are left alone. Raises BadReference."""
    found: dict[str, str] = {}
    for contig in fasta.references:
        its_assembly, chrom = _of_accession(contig) or (assembly, _bare(contig))
        if its_assembly != assembly:
            raise BadReference(f"{_setting(assembly)} names {name}, whose {contig} is a sequence of {its_assembly}.")
        if chrom == "MT" and fasta.get_reference_length(contig) == HG19_MT_LENGTH:
            continue  # NC_001807, UCSC hg19's chrM: another sequence than MT
        if chrom in CHROMOSOMES:
            found.setdefault(chrom, contig)
    if not found:
        raise BadReference(
            f"{_setting(assembly)} names {name}, in which no sequence is named like a chromosome (1, chr1, NC_000001.11)."
        )
    return {chrom: found[chrom] for chrom in CHROMOSOMES if chrom in found}


def _of_accession(contig: str) -> tuple[str, str] | None:
    """Assembly and chromosome where the contig is called by an accession of one; MT's is the same in both assemblies."""
    for one in by_name().get(contig, ()):
        if one.assembly in TAKEN and one.chrom not in ("", "MT") and contig in (one.refseq, one.genbank):
            return one.assembly, one.chrom
    return None


def _bare(contig: str) -> str:
    bare = re.sub(r"^chr(omosome)?_?", "", contig, flags=re.I).upper()
    return "MT" if bare in ("M", "NC_012920.1", "J01415.2") else bare


def _judged(assembly: str, name: str, lengths: dict[str, int]) -> str:
    """What to say of chromosomes whose length is not the assembly's; "" where all are. Raises BadReference."""
    other = next(each for each in ASSEMBLIES if each != assembly)
    odd = [chrom for chrom, length in lengths.items() if length != length_of(assembly, chrom)]
    for chrom in odd:
        if lengths[chrom] == length_of(other, chrom):
            raise BadReference(
                f"{_setting(assembly)} names {name}, whose chromosome {chrom} has {lengths[chrom]:,} bases, as in {other};"
                f" in {assembly} it has {length_of(assembly, chrom):,}. Name the FASTA of {assembly}, or empty the setting."
            )
    if not odd:
        return ""
    named = ", ".join(odd[:5]) + (" ..." if len(odd) > 5 else "")
    return f"{name} is neither {assembly} nor {other} by the length of {named}; it is used as {assembly} all the same."
