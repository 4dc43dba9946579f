"""What says which assembly a file is on, and what follows from all that was said. Pure functions, no Django.

A clue is one thing that was seen, as a sentence. Lengths of chromosomes and versions of accessions are proof; names in
a header, in comments and of columns are words, which somebody may have copied from another file: a person who insists
overrules words, and nobody overrules proof.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from variants.assemblies import CALLED, HG19_MT_LENGTH, TAKEN, assembly_of_name, chrom_of, genomes_by_length

UNKNOWN = "an unknown reference"
PLACEHOLDERS = {0, 1, 2**29 - 1, 2**29, 2**31 - 1}  # what tools write that do not know a length

# Names of genomes within a longer text, such as a path; the first that fits is taken out before the next is tried.
_B, _E = r"(?<![a-z0-9])", r"(?![0-9])"
_NAMED = [
    (re.compile(_B + pattern, re.IGNORECASE), genome)
    for pattern, genome in (
        (r"(t2t[-_ ]?chm13|chm13|hs1[.]fa|gc[af]_009914755)", "T2T-CHM13"),
        (r"gc[af]_000001635|(grcm|mm)\d{1,2}" + _E, "mouse"),
        (r"(rn[4-7]|rnor_?\d|mratbn\d)" + _E, "rat"),
        (
            r"(danrer\d+|grcz\d+|dm[36]|bdgp\d|ce1[01]|canfam\d|galgal\d|sus_?scrofa\d*|bostau\d|saccer\d|tair\d+)",
            "another species",
        ),
        (r"(grch38|hg_?38|hs38|b38|g1k_v38|assembly38|(ncbi|build)[ _.-]?38)" + _E, "GRCh38"),
        (r"(grch37|hg_?19|hs37|b37|(g1k_|human_)v37|assembly19|broad19|(ncbi|build)[ _.-]?37)" + _E, "GRCh37"),
        (r"(ncbi[ _.-]?36|hg_?18|b36|build[ _.-]?36|assembly18)" + _E, "NCBI36"),
        (r"(ncbi[ _.-]?35|hg_?17|b35|build[ _.-]?35)" + _E, "NCBI35 (hg17)"),
    )
]
_RELEASE = re.compile(r"GC([AF])_000001405\.(\d+)", re.IGNORECASE)
_FIRST = {"F": ((26, "GRCh38"), (13, "GRCh37"), (12, "NCBI36")), "A": ((15, "GRCh38"), (1, "GRCh37"))}
_BARE = {"37": "GRCh37", "38": "GRCh38", "36": "NCBI36"}


@dataclass(frozen=True)
class Clue:
    """`genome` is what was seen to be said; `sentence` says how. `is_proof`: a length or the version of an accession."""

    genome: str
    sentence: str
    is_proof: bool = False


@dataclass(frozen=True)
class Decision:
    """`assembly` for rows that name none, "" where nothing decides. `problem`: why nothing may be imported, and what to
    do. `notes`: what was overruled. `insisting_helps`: whether a person may import all the same."""

    assembly: str
    problem: str = ""
    notes: tuple[str, ...] = ()
    insisting_helps: bool = False


def genomes_in(text: str) -> list[str]:
    """The genomes that a text names, each once: "ftp://x/human_g1k_v37.fasta" -> ["GRCh37"]."""
    left, found = re.sub(r"To(?=[A-Z])", " to ", text[:2_000]), dict[str, None]()  # hg19ToHg38.over.chain
    for match in _RELEASE.finditer(left):
        releases = _FIRST[match[1].upper()]
        found |= dict.fromkeys([genome for first, genome in releases if int(match[2][:4]) >= first][:1])
    for pattern, genome in _NAMED:
        if pattern.search(left):
            found[genome] = None
            left = pattern.sub(" ", left)
    return list(found)


def of_build(text: str) -> list[str]:
    """As `genomes_in`, of a text that is about nothing but the build: there 37 alone says it too."""
    bare = _BARE.get(text.strip().strip('"'))
    return [bare] if bare else genomes_in(text)


def text_clues(text: str, where: str, genomes: Iterable[str] | None = None) -> list[Clue]:
    """`where` is what bears the text: "##reference". A text that names two assemblies says nothing."""
    found = list(genomes_in(text) if genomes is None else genomes)
    if len(found) != 1:
        return []
    text, genome = text.strip()[:120], found[0]
    return [Clue(genome, f"{where} is “{text}”{'' if genome in text else f', which is {called(genome)}'}.")]


def called(genome: str) -> str:
    return CALLED.get(genome, genome)


def contig_clues(contigs: Iterable[Mapping[str, Any]]) -> list[Clue]:
    """From a header's `##contig` lines ({"id", "length", "assembly"}): one sentence for each genome and each way to say it."""
    lengths: dict[str, list[str]] = {}
    names: dict[tuple[str, bool], list[str]] = {}
    tags: dict[str, list[str]] = {}
    for contig in contigs:
        name, length = str(contig["id"]), contig.get("length")
        chrom = chrom_of(name)
        if chrom and chrom != "MT" and isinstance(length, int) and length not in PLACEHOLDERS:
            genome = genomes_by_length().get((chrom, length), UNKNOWN)
            lengths.setdefault(genome, []).append(f"contig {name[:40]} has length {length:,}")
        if genome := assembly_of_name(name):
            names.setdefault((genome, bool(chrom)), []).append(name[:60])
        tag = str(contig.get("assembly") or "")
        for genome in [found for found in of_build(tag)[:1] if len(of_build(tag)) == 1]:
            tags.setdefault(genome, []).append(f"contig {name[:40]} has assembly={tag[:60]}")
    return [
        *(_length_clue(genome, said) for genome, said in lengths.items()),
        *(Clue(genome, _more(said, "names", f"of {called(genome)}"), proof) for (genome, proof), said in names.items()),
        *(Clue(genome, _more(said, "says", f"which is {called(genome)}")) for genome, said in tags.items()),
    ]


def _length_clue(genome: str, said: list[str]) -> Clue:
    if genome == UNKNOWN:
        return Clue(genome, _more(said, "says", "which is neither GRCh37's nor GRCh38's"))
    return Clue(genome, _more(said, "says", f"which is {called(genome)}'s"), is_proof=True)


def _more(said: list[str], how: str, end: str) -> str:
    """The first of them and how many more say the same, as a sentence."""
    more = f"{len(said) - 1:,} more contig{'s say' if len(said) > 2 else ' says'} the same"
    others = f" ({more})" if len(said) > 1 else ""
    if how == "names":
        return f"The header has a contig {said[0]}, a sequence {end}{others}."
    return f"{said[0][:1].upper()}{said[0][1:]}, {end}{others}."


def header_clues(header: Mapping[str, Any]) -> list[Clue]:
    """From the header of a VCF (`DataFile.header`)."""
    found: list[Clue] = []
    for line in header.get("other", ()):
        key, value = str(line.get("key", "")), str(line.get("value", ""))
        if key == "reference" or _is_about_build(key):
            found += text_clues(value, f"##{key}", of_build(value))
    return _each_once(found + contig_clues(header.get("contig", ())))


def _is_about_build(key: str) -> bool:
    folded = re.sub(r"[^a-z]", "", key.lower())
    return folded in {
        "genomebuild",
        "build",
        "ncbibuild",
        "assembly",
        "genomeassembly",
        "referencegenome",
        "referencebuild",
        "genome",
        "genomeversion",
    }


def comment_clues(lines: Iterable[str]) -> list[Clue]:
    """From the lines above a table: those that name a genome, or `genome_build: 37` and the like."""
    found: list[Clue] = []
    for line in lines:
        text = line.strip().lstrip("#").strip()
        key, _, value = (
            part.strip()
            for part in re.sub(r"^([\w .-]{1,30}?)\s*[:=\t]\s*|^(\S+)\s+", r"\1\2\0", text, count=1).partition("\0")
        )
        if value and _is_about_build(key):
            found += text_clues(value, f"“{key}” above the table", of_build(value))
        else:
            found += text_clues(text, "A line above the table")
    return _each_once(found)


def column_clues(names: Iterable[str]) -> list[Clue]:
    """From the names of the columns that hold positions: "Position_hg19", "GRCh38Location"."""
    return _each_once([clue for name in names for clue in text_clues(name, "A column of positions", _of_name(name))])


def _of_name(name: str) -> list[str]:
    parted = re.sub(r"(?i)(grch|hg|ncbi|build|chm|mm)_?(\d)", r" \1\2", name)
    return genomes_in(re.sub(r"(?<=\d)(?=[A-Za-z])", " ", parted))


def _each_once(clues: Iterable[Clue]) -> list[Clue]:
    return list(dict.fromkeys(clues))


def other_mitochondria(header: Mapping[str, Any], clues: Iterable[Clue]) -> tuple[str, ...]:
    """Upper-case contig names that are not MT (rCRS, 16,569 bases) in this file but UCSC hg19's chrM of 16,571.

    By its length; where the header gives none, chrM and M of a file whose own words say hg19 and not NC_012920.
    """
    lengths = {
        str(c["id"]).upper(): c.get("length") for c in header.get("contig", ()) if chrom_of(str(c["id"])) == "MT"
    }
    told = {name: length for name, length in lengths.items() if isinstance(length, int) and length not in PLACEHOLDERS}
    if told:
        return tuple(sorted(name for name, length in told.items() if length == HG19_MT_LENGTH))
    words = " ".join(clue.sentence for clue in clues if not clue.is_proof).lower()
    is_hg19 = re.search(r"hg_?19", words) and "012920" not in words
    return ("CHRM", "M") if is_hg19 else ()


def decide(clues: Iterable[Clue], chosen: str = "", *, insists: bool = False) -> Decision:
    """What follows from what was seen and from the assembly that a person chose ("" for none).

    A stop names both sides. Proof is never overruled; words are where the person's choice agrees with some of what was
    seen, or where the person insists, and then a note says what was overruled.
    """
    clues = list(clues)
    proofs, words = ([clue for clue in clues if clue.is_proof is kind] for kind in (True, False))
    proven = {clue.genome for clue in proofs}
    if len(proven) > 1:
        return Decision("", f"The file contradicts itself. {_said(proofs)} Part it, one file for each assembly.")
    if proven:
        return _by_proof(proven.pop(), proofs, words, chosen)
    against = [clue for clue in words if clue.genome != chosen]
    if chosen:
        if against and len(against) == len(words) and not insists:
            return Decision(
                "", f"{chosen} was chosen, and the file says otherwise. {_said(against)} Choose what is right; where the file"
                " is wrong, insist on your choice.", insisting_helps=True,
            )  # fmt: skip
        return Decision(chosen, notes=_overruled(chosen, against))
    return _by_words(words)


def _by_proof(genome: str, proofs: list[Clue], words: list[Clue], chosen: str) -> Decision:
    if genome not in TAKEN:
        return Decision("", _refused(genome, proofs))
    if chosen and chosen != genome:
        return Decision("", f"{chosen} was chosen, and the file is on {genome}. {_said(proofs)} Choose {genome}.")
    against = [clue for clue in words if clue.genome != genome]
    if against and not chosen:
        said = f"The file contradicts itself. {_said(proofs + against)} Where {genome} is right, choose it."
        return Decision("", said, insisting_helps=True)
    return Decision(genome, notes=_overruled(genome, against))


def _by_words(words: list[Clue]) -> Decision:
    genomes = {clue.genome for clue in words}
    if len(genomes) > 1:
        return Decision(
            "", f"The file contradicts itself. {_said(words)} Choose the assembly that is right.", insisting_helps=True
        )
    if not genomes:
        return Decision("")
    if (genome := genomes.pop()) not in TAKEN:
        return Decision("", _refused(genome, words), insisting_helps=True)
    return Decision(genome)


def _refused(genome: str, clues: list[Clue]) -> str:
    if genome == UNKNOWN:
        return f"This file is on a reference that Vardesk does not know; it takes GRCh37 and GRCh38. {_said(clues)}"
    return f"This file is on {called(genome)}; Vardesk takes GRCh37 and GRCh38 and does not lift over. {_said(clues)}"


def _said(clues: Iterable[Clue]) -> str:
    return " ".join(clue.sentence for clue in list(clues)[:6])


def _overruled(assembly: str, against: list[Clue]) -> tuple[str, ...]:
    """Without the file's own words: who sees a load may not be allowed to read its file."""
    others = ", ".join(dict.fromkeys(called(clue.genome) for clue in against))
    return (f"Read as {assembly}, as was chosen, although the file also names {others}.",) if against else ()
