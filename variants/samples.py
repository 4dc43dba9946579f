"""Which samples of a claim's line have its allele: the shapes in which the app that keeps files answers.

The genotypes stay in the file (`variants.sources`); nothing here asks a database. `sample_words` says it on a page.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class SampleCall:
    """A sample with the allele. Depths are numbers of reads; None is what the file does not say, or not readably."""

    sample: str | None  # as the file names it; None: the row names none
    genotype: str | None = None  # as written
    zygosity: str | None = None  # in words; None: the file does not say
    phased: bool | None = None
    depth: int | None = None  # DP; without one, the sum of AD
    allele_depth: int | None = None
    reference_depth: int | None = None
    allele_fraction: float | None = None  # allele_depth / depth
    genotype_quality: float | None = None  # GQ, Phred
    matched_normal: str | None = None  # of a MAF: the sample from the same person's healthy tissue
    normal_depth: int | None = None
    normal_allele_depth: int | None = None


@dataclass(frozen=True)
class SampleCounts:
    """All samples of the line; `samples` is the sum of the four below it."""

    samples: int = 0
    with_allele: int = 0
    without_allele: int = 0  # called whole, and the allele is not in it
    not_called: int = 0  # `./.`, or a part of the genotype is missing and the rest is without the allele
    not_given: int = 0  # no genotype, or one that cannot be read, beside other values


@dataclass(frozen=True)
class Samples:
    """`calls`: the first samples that have the allele, or whose reads show it where no genotype is given."""

    calls: Sequence[SampleCall]
    counts: SampleCounts

    def as_json(self) -> dict[str, Any]:
        """The two entries of a claim's record in the API."""
        return {
            "samples": [asdict(call) for call in self.calls],
            "sample_counts": asdict(self.counts) | {"shown": len(self.calls)},
        }
