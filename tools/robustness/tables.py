"""Clean tables of our own making, the same on every run, each hard in its own way. No patient, gene or variant is meant."""

import random
from dataclasses import dataclass, replace

BASES = "ACGT"
AMINO = ["Ala", "Arg", "Asn", "Cys", "Gln", "Gly", "His", "Leu", "Lys", "Ser", "Trp", "Val"]
GENES = ["ABCD1", "BRCA2", "CFTR", "DMD", "FBN1", "HBB", "MYH7", "PAH", "RYR1", "TTN"]
CLASSES = ["Pathogenic", "Likely pathogenic", "Uncertain significance", "Likely benign", "Benign"]


@dataclass(frozen=True)
class Table:
    name: str
    header: list[str]
    rows: list[list[str]]

    @property
    def width(self) -> int:
        return len(self.header)

    @property
    def text(self) -> str:
        return "\n".join(cell for row in [self.header, *self.rows] for cell in row)

    def with_rows(self, rows: list[list[str]]) -> "Table":
        return replace(self, rows=rows)


def tables() -> list[Table]:
    return [_variants(), _proteins(), _reports(), _wide(), _narrow(), _names()]


def _variants() -> Table:
    """Short cells, some empty: the plain case."""
    chance = random.Random(1)
    rows = []
    for number in range(40):
        position, (ref, alt) = chance.randrange(10_000, 240_000_000), chance.sample(BASES, 2)
        hgvs = f"NM_{chance.randrange(10**5):06}.{number % 4 + 1}:c.{chance.randrange(1, 9000)}{ref}>{alt}"
        rsid = f"rs{chance.randrange(10**4, 10**9)}" if chance.random() < 0.8 else ""
        rows.append(
            [rsid, str(number % 22 + 1), str(position), ref, alt, hgvs, chance.choice(GENES), f"{chance.random():.5f}"]
        )
    return Table("variants", ["rsID", "chrom", "pos", "ref", "alt", "hgvs_c", "gene", "AF"], rows)


def _proteins() -> Table:
    """Cells that need their quotes: commas, quotes and line ends in them."""
    chance = random.Random(2)
    rows = []
    for number in range(30):
        one, other = chance.sample(AMINO, 2)
        place = chance.randrange(1, 900)
        names = f"p.{one}{place}{other}, p.[({one}{place}{other};{other}{place + 7}=)]"
        comment = ["", "seen twice, in a trio", 'the report says "mosaic", 12%', "first line\nsecond line, with comma"][
            number % 4
        ]
        rows.append([f"VAR{number + 1:03}", names, chance.choice(GENES), chance.choice(CLASSES), comment])
    return Table("proteins", ["id", "protein", "gene", "class", "comment"], rows)


def _reports() -> Table:
    """Letters beyond ASCII that Windows-1252 has too, decimal commas, dates of two habits, sentences."""
    chance = random.Random(3)
    places = ["Zürich", "Besançon", "Málaga", "Tromsø", "Łódź".replace("Ł", "L").replace("ź", "z"), "Genève"]
    rows = []
    for number in range(25):
        date = f"{chance.randrange(1, 29):02}.{chance.randrange(1, 13):02}.20{chance.randrange(10, 26)}"
        value = f"{chance.randrange(1, 90)},{chance.randrange(10, 99)}"
        note = chance.choice(["Größe geprüft", "déjà vérifié", "5 µl nachgefüllt", "niño, 4 años", "ohne Befund"])
        rows.append([date, places[number % 6], value, chance.choice(GENES), note])
    return Table("reports", ["Datum", "Ort", "Menge (µg)", "Gen", "Bemerkung"], rows)


def _wide() -> Table:
    """More columns than rows: genotypes by sample."""
    chance = random.Random(4)
    header = ["variant", *(f"S{number:03}" for number in range(1, 61))]
    rows = [
        [f"{number % 22 + 1}-{number * 977 + 5}-A-G", *chance.choices(["0/0", "0/1", "1/1", "./."], k=60)]
        for number in range(12)
    ]
    return Table("wide", header, rows)


def _narrow() -> Table:
    """Two columns: little tells a delimiter."""
    chance = random.Random(5)
    return Table(
        "narrow",
        ["gene", "count"],
        [[f"{gene}{number}", str(chance.randrange(1, 500))] for number in range(3) for gene in GENES],
    )


def _names() -> Table:
    """One column, whose cells hold what elsewhere parts columns."""
    chance = random.Random(6)
    rows = []
    for number in range(30):
        place, one, other = chance.randrange(1, 9000), *chance.sample(AMINO, 2)
        rows.append(
            [
                f"NM_{chance.randrange(10**5):06}.{number % 3 + 1}(BRCA2):c.{place}_{place + 2}del (p.{one}{place // 3}{other})"
            ]
        )
    return Table("names", ["HGVS name"], rows)
