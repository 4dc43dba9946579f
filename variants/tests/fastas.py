"""Small FASTA files, made up, and an open reference of one."""

from pathlib import Path

from variants.reference_sequence import ReferenceSequence, open_reference


def write_fasta(path: Path, *, width: int = 10, **sequences: str) -> Path:
    """`write_fasta(folder / "tiny.fa", chr7="ACGT")`."""
    lines = []
    for name, bases in sequences.items():
        lines += [f">{name} made up", *(bases[n : n + width] for n in range(0, len(bases), width))]
    path.write_text("\n".join(lines) + "\n")
    return path


def reference_of(folder: Path, *, assembly: str = "GRCh38", **sequences: str) -> ReferenceSequence:
    reference = open_reference(assembly, write_fasta(folder / f"{assembly}.fa", **sequences))
    assert reference is not None
    return reference
