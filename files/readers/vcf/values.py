"""What a value may look like: one source for the careful reading of a line and for the patterns of clean lines.

The expressions are ASCII and work on text; patterns.py encodes them. None of them matches a tab or a line end.
"""

import re

from files.readers.vcf.header import Definition

BASES = "[ACGTNacgtn]"
IUPAC = "[ACGTUNRYKMSWBDHVacgtunrykmswbdhv]"
INTEGER = r"[-+]?[0-9]++"
FLOAT = r"[-+]?(?>[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][-+]?[0-9]++)?|[-+]?(?>[iI][nN][fF](?:inity)?|[nN][aA][nN])"
QUAL = r"\.|[0-9]++(?:\.[0-9]*+)?(?:[eE][-+]?[0-9]++)?"
ALLELE = (
    rf"{BASES}++(?![^\t,])|\*|{BASES}*+<[^<>\s,\0]++>"
    rf"|[ACGTNacgtn.]*+[\[\]](?:[^\[\]\s,\0:]++:)+[0-9]++[\[\]][ACGTNacgtn.]*+(?![^\t,])"
    rf"|\.{BASES}++|{BASES}++\."
)
GENOTYPE = r"[|/]?(?:\.|[0-9]++)(?:[|/](?:\.|[0-9]++))*"
FORMAT_KEY = re.compile(r"[A-Za-z0-9_.]+")
ANY_QUAL = re.compile(rf"\.|{FLOAT}")

# Reserved keys whose number of values is a multiple of the ALT alleles since VCF 4.4, whatever the header says.
PER_ALLELE = {"MEINFO": 4, "METRANS": 4, "CIPOS": 2, "CIEND": 2, "CILEN": 2, "CICN": 2}

_ELEMENTS = {"Integer": INTEGER, "Float": FLOAT, "Character": r"[^;:,\t\n\r\0]"}


def expected(definition: Definition, alts: int, version: tuple[int, int], *, in_info: bool) -> int | None:
    """How many values the field has on a line of `alts` ALT alleles (0: ALT is `.`); None where that is open.

    Text of Number=1 may hold commas: many tools write it so and nothing is lost by it. Number=G needs the ploidy.
    """
    if in_info and version >= (4, 4) and definition.id in PER_ALLELE:
        return PER_ALLELE[definition.id] * max(alts, 1)
    if definition.number == "A":
        return max(alts, 1)
    if definition.number == "R":
        return alts + 1
    if definition.number.isdigit() and not (definition.number == "1" and definition.type == "String"):
        return int(definition.number)
    return None


def value_pattern(definition: Definition, count: int | None, *, end: str) -> str:
    """Of a whole value, which may be `.` altogether; `end` is the set of characters that end it."""
    if definition.type == "String":
        element = rf"[^{end},\t\n\r\0]++"
        if count is None:
            return rf"[^{end}\t\n\r\0]++"
    else:
        element = rf"(?>{_ELEMENTS[definition.type]}|\.)"
    if count is None:
        return rf"{element}(?:,{element})*"
    if count == 1:
        return element
    # `.` stands for all values at once.
    return rf"(?>{element}(?:,{element}){{{count - 1}}}|\.(?!,))"
