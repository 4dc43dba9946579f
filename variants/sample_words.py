"""The samples of a claim in words, from the entries `samples` and `sample_counts` of its record."""

from collections.abc import Mapping
from typing import Any

RAW_SHOWN = 100  # cells of a row that a page shows; a VCF of 2,500 samples has as many columns


def with_words(claim: Mapping[str, Any]) -> dict[str, Any]:
    """A claim as its page shows it: `sample_words` (None where nothing is told of samples), and the row, bounded."""
    counts, raw = claim["sample_counts"], claim["raw"] or {}
    words = None
    if counts and counts["samples"]:
        words = {
            "headline": headline(counts),
            "rest": rest(counts),
            "calls": [(call["sample"] or "sample not named", phrase(call)) for call in claim["samples"]],
            "left_out": max(0, counts["with_allele"] - counts["shown"]),
        }
    shown = dict(list(raw.items())[:RAW_SHOWN])
    return {**claim, "sample_words": words, "raw_shown": shown, "raw_left_out": len(raw) - len(shown)}


def headline(counts: Mapping[str, int]) -> str:
    """`2 of 3 samples have this allele`, or what the file says instead."""
    whole = counts["samples"]
    if counts["with_allele"]:
        verb = "has" if counts["with_allele"] == 1 else "have"
        return f"{counts['with_allele']:,} of {_samples(whole)} {verb} this allele"
    if counts["not_given"] == whole:
        return f"no genotype is given for its {_samples(whole)}"
    if counts["not_called"] == whole:
        return f"none of its {_samples(whole)} is called here" if whole > 1 else "its one sample is not called here"
    return f"none of its {_samples(whole)} has this allele" if whole > 1 else "its one sample does not have this allele"


def _samples(number: int) -> str:
    return f"{number:,} sample{'' if number == 1 else 's'}"


def rest(counts: Mapping[str, int]) -> str:
    """What is to be said of the samples that the headline leaves out, where it is not simply that they lack the allele."""
    whole, parts = counts["samples"], []
    if counts["without_allele"] and (counts["not_called"] or counts["not_given"]):
        parts.append(f"{counts['without_allele']:,} called without it")
    if 0 < counts["not_called"] < whole:
        parts.append(f"{counts['not_called']:,} not called")
    if 0 < counts["not_given"] < whole:
        parts.append(f"{counts['not_given']:,} without a genotype")
    return ", ".join(parts)


def phrase(call: Mapping[str, Any]) -> str:
    """Behind the sample's name: `heterozygous, depth 32 (15 of 32 reads), GQ 99`."""
    parts = [call["zygosity"] or (f"genotype {call['genotype']}" if call["genotype"] else "")]
    parts.append(_reads(call["depth"], call["allele_depth"]))
    if call["genotype_quality"] is not None:
        parts.append(f"GQ {call['genotype_quality']:.10g}")
    said = _reads(call["normal_depth"], call["normal_allele_depth"])
    if call["matched_normal"] or said:
        normal = " ".join(part for part in ("matched normal", call["matched_normal"]) if part)
        parts.append(f"{normal}: {said}" if said else normal)
    return ", ".join(part for part in parts if part)


def _reads(depth: int | None, of_allele: int | None) -> str:
    with_it = "" if of_allele is None else f"{of_allele:,} read{'' if of_allele == 1 else 's'} with the allele"
    if depth is None:
        return with_it
    if of_allele is None:
        return f"depth {depth:,}"
    if of_allele > depth:  # callers count the two by other filters
        return f"depth {depth:,}, {with_it}"
    return f"depth {depth:,} ({of_allele:,} of {depth:,} reads)"
