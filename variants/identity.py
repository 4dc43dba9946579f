"""The identity of a placed allele, for one question at a time. `variants.normalising` does the same in SQL for tables;
a test holds the two together."""

import hashlib
import uuid
from os.path import commonprefix


def trimmed(start0: int, ref: str, alt: str) -> tuple[int, str, str]:
    """The minimal change: common end cut first, then common start. `start0` is interbase, 0-based."""
    end = len(commonprefix([ref[::-1], alt[::-1]]))
    ref, alt = ref[: len(ref) - end], alt[: len(alt) - end]
    start = len(commonprefix([ref, alt]))
    return start0 + start, ref[start:], alt[start:]


def allele_key(assembly: str, chrom: str, pos: int, ref: str, alt: str) -> uuid.UUID:
    """Key of the allele written at VCF POS `pos` (1-based, of the first base of `ref`), in any padding."""
    start0, deleted, inserted = trimmed(pos - 1, ref.upper(), alt.upper())
    text = "|".join(["allele", assembly, chrom, str(start0), deleted, inserted])
    return uuid.UUID(hashlib.sha256(text.encode()).hexdigest()[:32])
