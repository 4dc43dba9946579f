"""Names of variants as one spelling each: text in, text out, without a reference sequence and without a database.

`canonical` never changes what a name means: what it does not know for certain stays as it is written. The same rules
run over tables as DuckDB macros (`variants.normalising.names`), made of the patterns below; a test holds the two together.
The patterns spell both cases out and know ASCII only, so that Python's `re` and DuckDB's RE2 read them alike.
"""

import re
from dataclasses import dataclass


def _any_case(word: str) -> str:
    return "".join(f"[{letter.upper()}{letter.lower()}]" if letter.isalpha() else letter for letter in word)


# Blanks that get between the parts of a name, and the dashes that word processors put in the place of "-".
BLANKS = "[ \t\r\n\u00a0\u2009\u200b\u202f\ufeff]+"
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"

# --- reference, gene and kind -------------------------------------------------------------------------

ACCESSION = r"(?:[NXnx][A-Za-z]_|[Ll][Rr][Gg]_|[Ee][Nn][Ss][TGPtgp])[A-Za-z0-9_.]*"
# NM_007294.4(BRCA1):c.1A>G and BRCA1(NM_007294.4):c.1A>G. NC_000023.11(NM_004006.2):c.1A>G is one whole: its bracket
# says which transcript c. counts on.
GENE_BEHIND = rf"^({ACCESSION})\(([A-Za-z][A-Za-z0-9-]*)(?:_v[0-9]+)?\):"
GENE_BEFORE = rf"^([A-Za-z][A-Za-z0-9-]*)\(({ACCESSION})\):"
IS_NAME = rf"^{ACCESSION}(?:\([^()]*\))?:[CGNPMcgnpm]\.\S"
PARTS = r"^(?:([^:]*):)?([CGNPMcgnpm])\.(.+)$"  # reference, kind, change

# --- changes of DNA -----------------------------------------------------------------------------------

_BASES = "[ACGTRYSWKMBDHVNacgtryswkmbdhvn]"
_POSITION = r"([*-]?)([0-9]{1,10})([+-][0-9]{1,8})?"
DNA_GROUPS = [
    "sign", "number", "offset", "last_sign", "last_number", "last_offset", "old", "new", "verb", "gone", "put", "inserted", "same",
]  # fmt: skip
DNA = (
    rf"^{_POSITION}(?:_{_POSITION})?(?:({_BASES}+)>({_BASES}+)"
    rf"|({_any_case('del')}|{_any_case('dup')}|{_any_case('inv')})({_BASES}*|[0-9]{{1,9}})(?:{_any_case('ins')}({_BASES}+))?"
    rf"|{_any_case('ins')}({_BASES}+)|({_BASES}*=))$"
)
# Names that are canonical already, by far the most: they cost one look.
PLAIN_DNA = (
    r"^[*-]?[0-9]{1,10}(?:[+-][0-9]{1,8})?(?:_[*-]?[0-9]{1,10}(?:[+-][0-9]{1,8})?)?"
    r"(?:[ACGT]>[ACGT]|del|dup|inv|(?:del)?ins[ACGT]+|=)$"
)

# --- changes of proteins ------------------------------------------------------------------------------

# One letter -> three. In this order one replacement never touches what another one wrote.
AMINO_ACIDS = {
    "A": "Ala", "G": "Gly", "L": "Leu", "P": "Pro", "S": "Ser", "T": "Thr", "C": "Cys", "H": "His", "I": "Ile", "M": "Met",
    "V": "Val", "R": "Arg", "N": "Asn", "D": "Asp", "Q": "Gln", "E": "Glu", "K": "Lys", "F": "Phe", "W": "Trp", "Y": "Tyr",
    "U": "Sec", "X": "Ter", "*": "Ter",
}  # fmt: skip
_THREE = "|".join(_any_case(name) for name in [*dict.fromkeys(AMINO_ACIDS.values()), "Xaa"])
_ONE = "[ACDEFGHIKLMNPQRSTUVWXYacdefghiklmnpqrstuvwxy*]"
_RESIDUE = f"({_THREE}|{_ONE})"
_STOP = rf"(?:{_any_case('ter')}|[*Xx])"
# In a sequence only the case tells "GLY" (three residues) from "Gly" (one).
_SEQUENCE = r"((?:[A-Z][a-z][a-z])+|[ACDEFGHIKLMNPQRSTUVWXY*]+)"
PROTEIN_GROUPS = [
    "first", "number", "last", "last_number", "new", "verb", "gone", "inserted", "shift_to", "shift", "shift_stop", "shift_end",
    "extended_to", "extended", "before", "extended_stop", "after",
]  # fmt: skip
PROTEIN = (
    rf"^{_RESIDUE}([0-9]{{1,6}})(?:_{_RESIDUE}([0-9]{{1,6}}))?(?:{_RESIDUE}|({_any_case('del')}|{_any_case('dup')}|[=?])"
    rf"|({_any_case('del')})?{_any_case('ins')}{_SEQUENCE}"
    rf"|{_RESIDUE}?({_any_case('fs')})(?:({_STOP})([0-9]{{1,6}}|\?)?)?"
    rf"|{_RESIDUE}?({_any_case('ext')})(?:(-[0-9]{{1,6}})|({_STOP})([0-9]{{1,6}}|\?)))$"
)
PLAIN_PROTEIN = r"^[A-Z][a-z][a-z][0-9]{1,6}(?:[A-Z][a-z][a-z]|=|del|dup|\?)$"
# Where nothing but the shape says that it is a protein's: V600E, Gly12Asp, F508del, L747_P753delinsS, W288Cfs*12.
# It begins with no "*": CYP2D6 *2A is an allele of another kind.
BARE_PROTEIN = (
    rf"^\(?(?:{_THREE}|[ACDEFGHIKLMNPQRSTUVWXY])[0-9]{{1,6}}(?:_(?:{_THREE}|[ACDEFGHIKLMNPQRSTUVWXY*])[0-9]{{1,6}})?"
    rf"(?:{_THREE}|[ACDEFGHIKLMNPQRSTVWXY*=]|del|dup|(?:del)?ins[A-Z][A-Za-z*]*|(?:{_THREE}|[A-Z])?(?:fs|ext)[A-Za-z0-9*?-]*)\)?$"
)

# MTHFR C677T is a change of DNA, KRAS G12C one of the protein: nothing in the text tells.
EITHER = "^[ACGT][0-9]+[ACGT]$"

# --- alleles that names state exactly -----------------------------------------------------------------

SPDI = r"^([A-Z]{2}_[0-9]+\.[0-9]+):([0-9]{1,10}):([ACGTN]*|[0-9]{1,9}):([ACGTN]*)$"
EXACT_G = (
    r"^(NC_[0-9]{6}\.[0-9]{1,2}):[gm]\.([0-9]{1,9})(?:_([0-9]{1,9}))?(?:([ACGT])>([ACGT])|del([ACGT]+)ins([ACGT]+))$"
)
OF_CHROMOSOME = r"^(?:[Cc][Hh][Rr])?([1-9]|1[0-9]|2[0-2]|[XYMxym]|[Mm][Tt]):([gmGM]\..+)$"


@dataclass(frozen=True)
class Exact:
    """An allele on a sequence, as a name states it. `start0` is interbase, 0-based; nothing is trimmed or shifted."""

    accession: str
    start0: int
    deleted: str
    inserted: str


def squeezed(text: str) -> str:
    """Without blanks, every dash a hyphen."""
    return re.sub(BLANKS, "", text).translate(dict.fromkeys(map(ord, DASHES), "-"))


def is_name(text: str) -> bool:
    """Whether it is a name on an accession, in any letter case."""
    return re.search(IS_NAME, plain(text)) is not None


def plain(text: str) -> str:
    """The name as written, less blanks and the gene beside its accession."""
    name = squeezed(text)
    name = re.sub(GENE_BEHIND, r"\1:", name)
    return re.sub(GENE_BEFORE, r"\2:", name)


def gene_beside(text: str) -> str:
    """The gene that stands beside an accession: `NM_007294.4(BRCA1):c.1A>G` -> `BRCA1`; else nothing."""
    name = squeezed(text)
    if found := re.search(GENE_BEHIND, name):
        return found[2]
    return found[1] if (found := re.search(GENE_BEFORE, name)) else ""


def canonical(text: str) -> str:
    """The one spelling of a name: `nm_007294.4(BRCA1):C.5266DUPC` -> `NM_007294.4:c.5266dup`, `p.(V600E)` ->
    `p.Val600Glu`. Text that is no name comes back as it is."""
    name = plain(text)
    found = re.fullmatch(PARTS, name)
    if not found:
        return text
    reference, kind, change = canonical_reference(found[1] or ""), found[2].lower(), found[3]
    if reference == "NC_012920.1" and kind == "g":
        kind = "m"
    change = canonical_protein(change) if kind == "p" else canonical_dna(change)
    return f"{reference}:{kind}.{change}" if reference else f"{kind}.{change}"


def canonical_reference(text: str) -> str:
    """Accessions in upper case (of an LRG the letter of its transcript is small); a gene stays as written."""
    if not re.fullmatch(ACCESSION, text):
        return text
    return re.sub(r"^(LRG_[0-9]+)T", r"\1t", text.upper())


def canonical_dna(change: str) -> str:
    """`5266dupC` -> `5266dup`; bases and lengths go only where they agree with the positions."""
    if re.search(PLAIN_DNA, change) or not (found := re.fullmatch(DNA, change)):
        return change
    part = dict(zip(DNA_GROUPS, (group or "" for group in found.groups()), strict=True))
    place = _place(part)
    if part["old"]:
        return f"{place}{part['old'].upper()}>{part['new'].upper()}"
    if part["inserted"]:
        return f"{place}ins{part['inserted'].upper()}"
    if part["same"]:
        bases = part["same"][:-1].upper()
        return f"{place}=" if _agrees(bases, part) else f"{place}{bases}="
    verb, gone, put = part["verb"].lower(), part["gone"].upper(), part["put"].upper()
    if put and verb != "del":
        return change
    if put and len(gone) == len(put) == 1 and not part["last_number"] and gone.isalpha() and gone != put:
        return f"{place}{gone}>{put}"
    kept = "" if _agrees(gone, part) else gone
    return f"{place}{verb}{kept}ins{put}" if put else f"{place}{verb}{kept}"


def _place(part: dict[str, str]) -> str:
    first = part["sign"] + part["number"] + part["offset"]
    return f"{first}_{part['last_sign']}{part['last_number']}{part['last_offset']}" if part["last_number"] else first


def _agrees(gone: str, part: dict[str, str]) -> bool:
    """Whether the bases, or their number, are as many as the positions span."""
    return not gone or (int(gone) if gone.isdecimal() else len(gone)) == _span(part)


def _span(part: dict[str, str]) -> int | None:
    """How many bases the positions span, both ends included; None where an intron or the length of the CDS decides."""
    if not part["last_number"]:
        return 1
    signs = part["sign"], part["last_sign"]
    first, last = (int(part[name]) * (-1 if sign == "-" else 1) for name, sign in zip(("number", "last_number"), signs, strict=True))  # fmt: skip
    before, after = int(part["offset"] or 0), int(part["last_offset"] or 0)
    if signs[0] == signs[1] and first == last:
        return after - before + 1
    if (signs[0] == "*") != (signs[1] == "*") or before > 0 or after < 0 or first > last:
        return None
    return last - first + 1 - before + after - (signs == ("-", ""))  # there is no c.0


def canonical_protein(change: str) -> str:
    """`(V600E)` -> `Val600Glu`, `L747fs*12` -> `Leu747fsTer12`; the brackets of a prediction go."""
    if re.search(PLAIN_PROTEIN, change) and change[:3] != change[-3:]:
        return change
    bare = re.sub(r"^\(([^()]*)\)$", r"\1", change)
    if bare in ("=", "?", "0"):
        return bare
    found = re.fullmatch(PROTEIN, bare)
    if not found:
        return change
    part = dict(zip(PROTEIN_GROUPS, (group or "" for group in found.groups()), strict=True))
    first = residue(part["first"])
    head = first + part["number"] + (f"_{residue(part['last'])}{part['last_number']}" if part["last"] else "")
    if part["new"]:
        new = residue(part["new"])
        return head + ("=" if new == first and not part["last"] else new)
    if part["inserted"]:
        return f"{head}{part['gone'].lower()}ins{sequence(part['inserted'])}"
    if part["shift"]:
        stop = f"Ter{part['shift_end']}" if part["shift_stop"] else ""
        return f"{head}{residue(part['shift_to'])}fs{stop}"
    if part["extended"]:
        stop = f"Ter{part['after']}" if part["extended_stop"] else ""
        return f"{head}{residue(part['extended_to'])}ext{part['before']}{stop}"
    return head + part["verb"].lower()


def residue(text: str) -> str:
    """One amino acid as three letters."""
    return three_letters(text.upper()) if len(text) < 2 else text[0].upper() + text[1:].lower()


def sequence(text: str) -> str:
    """Amino acids in a row: `QSK` -> `GlnSerLys`; three-letter ones stay."""
    return text if re.search("[a-z]", text) else three_letters(text)


def three_letters(text: str) -> str:
    for one, three in AMINO_ACIDS.items():
        text = text.replace(one, three)
    return text


def protein_change(text: str) -> str | None:
    """`V600E`, `(F508del)`, `p.V600E` -> with its `p.`; None for what is no change of a protein."""
    bare = squeezed(text)
    if re.match(r"[Pp]\.\S", bare):
        return bare
    return f"p.{bare}" if re.search(BARE_PROTEIN, bare) else None


def of_chromosome(text: str) -> tuple[str, str] | None:
    """`chr17:g.43057062A>G` -> ("17", "g.43057062A>G"): a name that lacks its assembly; None for others."""
    found = re.fullmatch(OF_CHROMOSOME, squeezed(text))
    return ({"M": "MT"}.get(found[1].upper(), found[1].upper()), found[2]) if found else None


def spdi(text: str) -> tuple[str, int, str, str] | None:
    """`NC_000007.14:117559590:TCT:` -> its parts, upper case; the third is a number where only the length is given."""
    found = re.fullmatch(SPDI, squeezed(text).upper())
    return (found[1], int(found[2]), found[3], found[4]) if found else None


def exact(text: str) -> Exact | None:
    """The allele that a name states without a reference sequence: a substitution or a replacement that gives the bases
    it replaces, on a chromosome; an SPDI expression that does. Other insertions and deletions are none: in a repeat HGVS
    names the last place that they may be written at, and VCF the first."""
    if parts := spdi(text):
        accession, start0, deleted, inserted = parts
        deleted = "" if deleted.isdecimal() and int(deleted) == 0 else deleted
        if deleted.isdecimal() or deleted == inserted or not accession.startswith("NC_"):
            return None
        return Exact(accession, start0, deleted, inserted)
    name = plain(text)
    found = re.search(EXACT_G, name) or re.search(EXACT_G, canonical(name))
    if not found or int(found[2]) < 1:
        return None
    deleted, inserted = found[4] or found[6], found[5] or found[7]
    if int(found[3] or found[2]) - int(found[2]) + 1 != len(deleted) or not _is_replacement(deleted, inserted):
        return None
    return Exact(found[1], int(found[2]) - 1, deleted, inserted)


def _is_replacement(deleted: str, inserted: str) -> bool:
    """Whether bases are left on both sides once the common ends are cut: then it can be written in one place only."""
    while deleted and inserted and deleted[-1] == inserted[-1]:
        deleted, inserted = deleted[:-1], inserted[:-1]
    while deleted and inserted and deleted[0] == inserted[0]:
        deleted, inserted = deleted[1:], inserted[1:]
    return bool(deleted and inserted)
