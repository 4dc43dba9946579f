"""Plain lines and careful ones: both ways give the same alleles, line by line and column by column."""

import random
from typing import Any

import duckdb
import pytest

from variants import normalising
from variants.normalising import (
    FIELDS,
    OUTPUT,
    Rules,
    Told,
    bases_of,
    judge_references,
    may_tell,
    normalise,
    reference_notes,
    reference_tally,
    rows_tell,
    told_of,
    with_placed,
)
from variants.normalising.plain import sort_lines
from variants.tests.cells import cells_of
from variants.tests.fastas import reference_of

BLANKS = [None, None, None, "", ".", "-", "NA", "N/A", "none", " "]
TITLES = [
    "NM_014855.3(AP5Z1):c.1A>G (p.Met1Val)", "NM_014855.3(AP5Z1):c.80_83del", "NR_1.2(HLA-A):n.5=", "NM_014855.3(AP5Z1):c.15A>G (p.Arg5=)",
    "NM_014855.3(AP5Z1):c.15A>G (p.Arg5Arg)", "NM_014855.3(AP5Z1):c.1A>G (p.Arg5fs)", "NM_014855.3(AP5Z1):c.1A>G(p.Met1Val)",
    "NM_014855.3(AP5Z1):c.1A>G  (p.Met1Val)", "NM_014855(AP5Z1):c.1A>G", "NM_014855.3(AC1.2):c.1A>G", "NM_014855.3(AP5Z1):c.1a>g",
    "NM_014855.3(VCV000012345):c.1A>G", "NM_014855.3(RS5):c.1A>G", "NC_000001.11(AP5Z1):c.1A>G", "NM_014855.3(AP5Z1):c.1A>G ",
    "NM_014855.3(AP5Z1_v2):c.1A>G", "NM_014855.3(AP5Z1):c.80_83delinsTGCTG (p.Arg27_Ala362delinsLeu)", "NM_1.1(A):c.1A>G (p.Met1?)",
    "NM_1.1(A):c.1A>G (p.Met1Val) x", "AP5Z1(NM_014855.3):c.1A>G", "NM_1.1(A)(B):c.1A>G", "NM_1.1(NM_2):c.1A>G", "NM_1.1(NA):c.1A>G",
]  # fmt: skip
# Of each field: what is plain, and what is nearly so.
CELLS: dict[str, list[str | None]] = {
    "gene": ["BRCA1", "TP53", "ENSG00000139618", "NM_1", "HOXA@", "BRCA1,NBR2", "A,A,B", "BRCA1, NBR2", "A;B", "A|B", "A,,B",
             "nan", "NULL", "Nana", "brca1", "TP53 ", "BRCA1/2", "A\x00", "NX_5", "LRG_1", "1-Mar"],
    "hgvs_c": ["NM_007294.4:c.1A>G", "c.1A>G", "c.100-2del", "n.55_56insAC", "NM_1:c.5=", "ENST00000357654.9:c.12dup", "c.1a>g",
               "LRG_292t1:c.9A>T", "NM_007294.4(BRCA1):c.1A>G", "NC_000001.11:g.1000A>G", "c.1A>G c.2A>G", "BRCA1:c.1A>G", "g.5A>C",
               "NM_007294.4:c.1A>G (p.Met1Val)", "NP_1.1:p.Met1Val", "NM_007294.4:C.1A>G", "NC_000001.11:c.5A>G", "c.5delA",
               "c.(5_6)del", "NM_1.2:g.5A>G", "nm_007294.4:c.1A>G", "c.1A>G\x00", "c.76", "NM_1.1:c.1A>G;NM_2.1:c.1A>G"],
    "hgvs_p": ["p.Met1Val", "p.Arg5Arg", "p.Arg5=", "p.Arg5Ter", "NP_009225.1:p.Met1Val", "ENSP1.2:p.Gly2del", "p.(Met1Val)", "p.M1V",
               "M1V", "p.Leu5fs", "p.?", "p.0", "p.Met1?", "NP_1.1:p.Arg5Arg", "NP_1.1:P.Met1Val", "KRAS p.Gly12Asp", "c.5A>G",
               "p.Met1Val,p.Met2Val", "p.MET1VAL", "NP_009225.1:p.(Met1Val)"],
    "hgvs_p_short": ["p.M1V", "p.*757*", "p.Met1Val", "p.X125_splice", "M1V", "p.R88Q,p.R88L", "p.M1V ", "p.(M1V)", "NP_1.1:p.M1V", "P.M1V",
                     "p.M1\u2013V", "p.V600E p.V600K", "p.L747fs*12", "c.1A>G", "p.", "p.?"],
    "hgvs_g": ["NC_000001.11:g.1000A>G", "NC_000001.11:g.1001A>G", "NC_000001.11:g.999A>G", "NC_000001.10:g.1000A>G", "chr1:g.1000A>G",
               "NC_000001.11:g.1000_1001del", "NC_000001.11:g.1000del", "NC_000001.11:g.1000C>T", "NC_000001.11:g.1000delA",
               "NC_000001.11:g.1000_1001insAG", "NC_000001.11:m.1000A>G", "NC_000001:g.1000A>G", "NG_1.2:g.1000A>G", "g.1000A>G",
               "NC_000001.11:g.1000=", "NC_000001.11:g.01000A>G", "NC_000001.11:999:A:G", "NC_000001.11:g.1000_1001A>G",
               "NC_012920.1:g.1000A>G", "NC_000002.12:g.1000A>G", "NC_000001.11:g.1000A>G,NC_000001.10:g.900A>G"],
    "other_names": ["NM_1.1:c.1A>G", "NM_1.1:c.1A>G,NC_000001.11:g.1001A>G", "junk"],
    "transcript": ["NM_007294.4", "ENST00000357654", "NM_007294.4 ", "ENSG1", "CCDS1", "XM_5", "NM 5", "LRG_1t1", "NM_1|2", "NR_\x00"],
    "rsid": ["rs123", "123", "rs123;rs456", "RS123", "rs0012", "rs123,rs123", "-1", "COSM5", "rs 5", "rs1234567890123456", "dbSNP:rs5", "novel",
             "NOVEL", "novel ", "0", "rs0"],
    "clinvar": ["VCV000012345", "VCV000012345.3", "12345", "RCV000012345", "rs55", "VCV000012345|RCV000012345", "vcv000012345", "none\x00",
                "RCV000012345|RCV000000001", "RCV000012345;RCV000000001;RCV000012345", "RCV000012345,RCV000012345", "RCV000012345.2|RCV000012346",
                "RCV000012345|", "RCV000012345||RCV000012346", "RCV000012345, RCV000012346", "RCV0000123456|RCV000012346", "SCV000012345",
                "xRCV000012345", "rcv000012345"],
    "variation_id": ["12345", "VCV000012345", "1234567890", "0", "12345 ", "x"],
    "assembly": ["GRCh38", "GRCh37", "hg19", "hg38", "b37", "38", "GRCh38.p14", "NCBI36", "grch38", "GRCH37", "37", "b38", "B37", " 38"],
    "chrom": ["1", "chr1", "X", "chrX", "22", "Y", "23", "MT", "chrM", "01", "Chr1", "chr01", "1 ", "NC_000001.11", "NC_000001.10", "chrUn_gl000220",
              "GL000192.1", "HLA-A", "25", "x", "chr23"],
    "start": ["1000", "999", "1001", "1", "2", "0", "-1", "1,000", "01000", "1000.0", "1000-1001", "248956422", "248956421", "249250621", "57227415",
              "999999999", "1e3", "1000 ", "10000000000", "1000 - 1000"],
    "stop": ["1000", "1001", "999", "1002", "1003", "-", "1,001", "x", "1000.0", "12345678901", "99999999999"],
    "ref": ["A", "C", "AT", "AA", "ATA", "a", "N", "-", ".", "", "NA", "A ", "R", "TTTT", "A" * 200, "AC" * 101, "<DEL>", "A\x00", "GATTACA"],
    "alt": ["G", "A", "T", "ATA", "A,G", "AG", "GG", "TT", "AAA", "-", ".", "*", "<NON_REF>", "g", "A]1:5]", ".A", "GATTA", "AC" * 90,
            "C" * 201, "G,", "GATACA", ""],
    "alt_first": ["A", "G", "-", "N", "AT", "a", "A ", ".", "NA", "C", "ATA", "A\x00"],
    "variant": ["1-1000-A-G", "rs77", "BRCA1 c.1A>G", "V600E", "VCV000000005", "NM_1.1:c.1A>G", "1:g.1000A>G",
                *TITLES],
    "accession": ["NC_000001.11", "NC_000001.10", "nc_000001.11", "NC_000001", "NG_5.1", "1", "chr1"],
    "consequence": ["missense_variant", "na", "Na ", "none", " stop gained ", "x\x00", "NULL", "é", "N/a"],
    "classification": ["Pathogenic", " Benign ", "-", ".", "NA", "", "x\x00y"],
    "review_status": ["criteria provided", "no", "NaN", "-"],
    "oncogenicity": ["Oncogenic", "NA ", "n/A"],
    "somatic_impact": ["Tier I", "null"],
    "last_evaluated": ["2012-01-01", "2012/1/5", "Jan 05, 2012", "2012-13-01", "1899-12-31", "2999-01-01", "01.02.2012", "2012-01-01T05:00", " 2012-02-02",
                       "2012-02-30", "None", "Dec 5, 20"],
    "comment": ["some words", " padded ", "N/A", "é\u00a0x", "a\x00b"],
    "url": ["https://example.org/1", "https://example.org/VCV000012345", "https://e.org/?scv=SCV000012345", "cv", "NA"],
    "source": ["ClinVar", "none"],
}  # fmt: skip
SPOILING = [
    *" \t\n\r\x00\u00a0\u200b\u2013\u017f\u0661\uff21'\"%\\",
    *"-+.,;|/&:()[]_<>=*?0159ACGTNVacgtnpvrs",
    "",
    "'';--",
    "$1",
]
PLAIN = {"chrom": "1", "start": "1000", "ref": "A", "alt": "G"}


def lines(chance: random.Random, count: int) -> list[dict]:
    """Plain rows, most with a few fields taken from CELLS: about half of them are plain still."""
    rows = []
    for _ in range(count):
        row: dict[str, Any] = dict(PLAIN)
        for name in chance.sample(FIELDS, chance.choice([0, 1, 2, 3, 6, len(FIELDS)])):
            few = CELLS[name][: chance.choice([2, 4, len(CELLS[name])])]
            row[name] = (
                chance.choice([*few, *BLANKS[: chance.choice([0, 4, len(BLANKS)])]])
                if name in PLAIN
                else chance.choice([*few, *few, *BLANKS])
            )
        rows.append(row)
    return rows


def of_a_vcf(chance: random.Random, rows: list[dict]) -> list[dict]:
    """Each row with the number of its allele; some lines have several."""
    found = []
    for number, row in enumerate(rows, start=2):
        found.append(row | {"line": number, "alt_number": 1})
        for further in range(chance.choice([0, 0, 0, 1, 2])):
            found.append(row | {"line": number, "alt_number": further + 2, "alt": chance.choice(CELLS["alt"])})
    return found


def made(rows: list[dict], **rules: Any) -> tuple[list[tuple], str, tuple]:
    """The alleles, what is said of the base, and what rows tell of it."""
    with cells_of(rows) as db:
        asked = Rules(**{"load": "a load", "assembly": "GRCh38"} | rules)
        said = normalise(db, asked).sentence
        return alleles(db), said, tuple(told_of(db, asked))


def alleles(db: duckdb.DuckDBPyConnection) -> list[tuple]:
    return db.execute(f"SELECT {', '.join(OUTPUT)} FROM alleles ORDER BY line, alt_index").fetchall()


def differences(rows: list[dict], **rules: Any) -> list[str]:
    plain, careful = made(rows, **rules), made(rows, **rules, careful=True)
    assert plain[1:] == careful[1:]
    assert [row[:2] for row in plain[0]] == [row[:2] for row in careful[0]]
    return [
        f"line {one[0]}, {name}: {a!r}, carefully {b!r}"
        for one, other in zip(plain[0], careful[0], strict=True)
        for name, a, b in zip(OUTPUT, one, other, strict=True)
        if a != b
    ]


@pytest.mark.parametrize(
    "rules",
    [{}, {"base": 0}, {"base": 1, "assembly": "GRCh37"}, {"assembly": None}, {"not_rcrs": ("CHRM",), "base": 1}],
    ids=lambda rules: " ".join(map(str, rules.values())) or "as the rows tell",
)
@pytest.mark.parametrize("kind", ["table", "vcf"])
def test_both_ways_give_the_same(kind, rules):
    chance = random.Random(f"{kind} {rules}")
    rows = lines(chance, 1_500)
    rows = of_a_vcf(chance, rows) if kind == "vcf" else rows
    assert differences(rows, **rules) == []


def test_each_cell_alone_beside_a_plain_line():
    usual = {name: CELLS[name][0] for name in ("gene", "rsid", "hgvs_g", "stop", "transcript")}
    rows = [
        PLAIN | beside | {field: cell}
        for beside in (usual, {})
        for field in FIELDS
        for cell in [*CELLS[field], *BLANKS]
    ]
    assert differences(rows) == []


def test_a_cell_spoilt_by_one_character():
    """Any one character more, less or other in a plain cell leaves both ways agreeing."""
    chance = random.Random(11)
    usual = PLAIN | {
        name: CELLS[name][0]
        for name in ("gene", "hgvs_p", "rsid", "hgvs_g", "stop", "transcript", "last_evaluated", "comment")
    }
    rows = []
    for field in FIELDS:
        for cell in CELLS[field][:5]:
            for _ in range(12):
                at, take = chance.randint(0, len(cell)), chance.randint(0, 1)
                beside = chance.choice([PLAIN, usual, usual | {"hgvs_p": None}])
                rows.append(beside | {field: cell[:at] + chance.choice(SPOILING) + cell[at + take :]})
    assert differences(rows) == []


@pytest.mark.parametrize("base", [None, 0, 1])
def test_rows_of_a_tumour(base):
    """A MAF's alleles: "-" for an empty one, the first of the tumour beside the second; and ClinVar's titles."""
    chance = random.Random(5)
    alleles = ["A", "G", "AT", "ATT", "-", "-", "T"]
    rows = [
        {"chrom": "7", "start": str(chance.randint(5_000, 5_003)), "ref": chance.choice(alleles), "alt": chance.choice(alleles),
         "stop": chance.choice([None, *map(str, range(4_999, 5_006))]), "alt_first": chance.choice([*alleles, None, ""]),
         "hgvs_g": chance.choice([None, "NC_000007.14:g.5001A>G", "NC_000007.14:g.5002A>T"]), "variant": chance.choice([None, None, *TITLES]),
         "gene": chance.choice([None, "EGFR"]), "hgvs_p": chance.choice([None, None, "p.Met1Val", "NP_1.1:p.Met1Val", "-"]),
         "hgvs_p_short": chance.choice([None, *CELLS["hgvs_p_short"]]), "alt_number": chance.choice([None, None, None, 1])}
        for _ in range(1_500)
    ]  # fmt: skip
    assert differences(rows, base=base) == []


def test_alleles_of_every_shape():
    chance = random.Random(7)
    rows = [
        {"chrom": "1", "start": str(chance.randint(1, 9) + far), "ref": "".join(chance.choices("AT", k=chance.randint(1, 5))),
         "alt": "".join(chance.choices("AT", k=chance.randint(1, 5))), "stop": str(chance.randint(1, 12) + far),
         "hgvs_g": f"NC_000001.11:g.{chance.randint(1, 9) + far}{chance.choice('AT')}>{chance.choice('AT')}"}
        for far in (0, 1_000)
        for _ in range(1_000)
    ]  # fmt: skip
    for base in (None, 0, 1):
        assert differences(rows, base=base) == []


def test_most_lines_of_an_ordinary_file_are_plain():
    usual = {name: CELLS[name][0] for name in ("gene", "hgvs_c", "hgvs_p", "hgvs_g", "transcript", "rsid", "variation_id", "classification", "last_evaluated")}  # fmt: skip
    rows = [PLAIN | usual, PLAIN | {"ref": "AT", "alt": "A"}, PLAIN | {"chrom": "chrX"}, PLAIN | {"chrom": "MT"}]
    with cells_of(rows) as db:
        normalise(db, Rules(load="", assembly="GRCh38"))
        assert sort_lines(db, "GRCh38", [], "cells") == 1
        assert sort_lines(db, "GRCh38", ["GRCh38"], "cells") == 4  # a reference sequence is asked by the careful steps
        assert sort_lines(db, None, [], "cells") == 4


@pytest.mark.parametrize(
    "row",
    [
        {"ref": "A", "alt": "-", "alt_first": "A", "stop": "1000", "assembly": "37", "rsid": "novel"},
        {"ref": "-", "alt": "A", "alt_first": "-", "stop": "1001", "hgvs_p": "p.Met1Val", "hgvs_p_short": "p.M1V"},
        {"alt_first": "G", "assembly": "b38"},
        {
            "variant": "NM_014855.3(AP5Z1):c.1A>G (p.Met1Val)",
            "variation_id": "5",
            "clinvar": "RCV000012345|RCV000000001",
        },
    ],
)
def test_rows_of_a_maf_and_of_clinvars_summary_are_plain(row):
    with cells_of([PLAIN | row]) as db:
        normalise(db, Rules(load="", assembly="GRCh38"))
        assert sort_lines(db, "GRCh38", [], "cells") == 0


def test_parts_are_the_whole():
    """Evidence adds up, and parts read with the whole's bases give the whole's rows and sentence."""
    rows = [row | {"line": n} for n, row in enumerate(lines(random.Random(3), 900), start=2)]
    rules = Rules(load="a load", assembly="GRCh38")
    with cells_of(rows) as db:
        whole, wanted = normalise(db, rules), alleles(db)
        told = rows_tell(db, "GRCh38")
    parts = [rows[n : n + 300] for n in range(0, 900, 300)]
    told_by_parts, found, placed = Told(), [], 0
    for part in parts:
        with cells_of(part) as db:
            told_by_parts += told_of(db, rules)
    bases = bases_of(None, told_by_parts)
    for part in parts:
        with cells_of(part) as db:
            placed += normalise(db, Rules(load="a load", assembly="GRCh38", bases=bases)).placed_by_name
            found += alleles(db)
    assert told_by_parts == told
    assert (found, placed) == (wanted, whole.placed_by_name)
    assert with_placed(Rules(load="", bases=bases).bases).alleles == whole.alleles


@pytest.mark.parametrize("rules", [{}, {"base": 0}])
def test_odd_lines_are_worked_in_stretches(monkeypatch, rules):
    """However many are worked at once, the rows are the same, also of a line with several alleles."""
    rows = of_a_vcf(random.Random(9), lines(random.Random(9), 250))
    whole = made(rows, **rules)
    monkeypatch.setattr(normalising, "MOST_AT_ONCE", 40)
    assert made(rows, **rules) == whole
    assert made(rows, **rules, careful=True) == whole


def test_references_are_judged_over_all_parts(tmp_path, monkeypatch):
    references = {"GRCh38": reference_of(tmp_path, chr1="ACGT" * 100)}
    rows = [
        {"chrom": "1", "start": str(n), "ref": "ACGT"[(n - 1) % 4], "alt": "N" * 2, "line": n} for n in range(4, 90)
    ]
    with cells_of(rows) as db:
        normalise(db, Rules(load="", assembly="GRCh38", base=1, references=references))
        wanted = reference_notes(db)
    tallies = []
    for part in (rows[:40], rows[40:]):
        with cells_of(part) as db:
            normalise(db, Rules(load="", assembly="GRCh38", bases=bases_of(1, Told()), references=references))
            tallies.append(reference_tally(db))
    assert wanted
    assert judge_references(tallies, references, 0.1) == wanted
    monkeypatch.setattr(normalising, "MOST_AT_ONCE", 30)
    with cells_of(rows) as db:
        normalise(db, Rules(load="", assembly="GRCh38", base=1, references=references))
        assert reference_notes(db) == wanted


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"chrom", "start", "ref", "alt"}, True),  # a stretch may stand in one cell
        ({"chrom", "start", "gene", "rsid"}, False),
        ({"chrom", "start", "hgvs_g"}, True),
        ({"hgvs_g", "ref", "alt"}, False),
    ],
)
def test_whether_fields_may_tell_of_the_base(fields, wanted):
    assert may_tell(fields) is wanted
    rows = [{name: cell for name in fields for cell in [CELLS[name][n % 3]]} for n in range(9)]
    with cells_of(rows) as db:
        assert wanted or not any(rows_tell(db, "GRCh38"))
