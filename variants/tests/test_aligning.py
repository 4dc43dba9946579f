"""With a reference sequence: REF is checked, and one change written anywhere in a repeat is one variant."""

import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from variants.normalising import Rules, normalise, reference_notes
from variants.normalising.aligning import STRETCH, Window, leftmost, reference_tally
from variants.normalising.references import OtherReference
from variants.tests.cells import alleles_of, cells_of
from variants.tests.fastas import reference_of

#        1234567890123456789012345678
TINY = "GATTTTACACACGGRNCCTAGTAGTAGC"


@pytest.fixture(autouse=True)
def _folders_of_this_test(own_folders) -> None:
    pass


@pytest.fixture
def tiny(tmp_path):
    return {"GRCh38": reference_of(tmp_path, chr7=TINY)}


def at(start, ref, alt, **more):
    return {"chrom": "chr7", "start": str(start), "ref": ref, "alt": alt, **more}


def shown(allele):
    return allele["pos"], allele["ref"], allele["alt"], allele["padding"]


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        (at(5, "TT", "T"), (2, "AT", "A", True)),
        (at(6, "TA", "A"), (2, "AT", "A", True)),
        (at(6, "T", "-"), (2, "AT", "A", True)),  # as a MAF writes it: the FASTA gives the base before
        (at(6, "-", "T"), (2, "A", "AT", True)),
        (at(10, "CAC", "C"), (6, "TAC", "T", True)),  # AC of ACACAC, which turns on its way
        (at(12, "C", "CAC"), (6, "T", "TAC", True)),
        (at(12, "C", "CCA"), (12, "C", "CCA", True)),
        (at(27, "GC", "G"), (27, "GC", "G", True)),
        (at(23, "AGTA", "A"), (18, "CTAG", "C", True)),
        (at(13, "GG", "G"), (12, "CG", "C", True)),
        (at(7, "A", "C"), (7, "A", "C", True)),
        (at(7, "AC", "GT"), (7, "AC", "GT", True)),
        (at(5, "TTA", "GTA"), (5, "T", "G", True)),
        (at(7, "ACA", "TG"), (7, "ACA", "TG", True)),  # a replacement is not moved
        (at(15, "A", "T"), (15, "A", "T", True)),  # R in the reference is A or G
        (at(16, "C", "T"), (16, "C", "T", True)),  # N is anything
        (at(17, "CC", "C"), (16, "NC", "N", True)),
        (at(15, "-", "T"), (15, "N", "NT", True)),  # R is no letter for a VCF
        (at(14, "-", "N"), (14, "G", "GN", True)),  # what is not known repeats nothing
        (at(1, "GA", "A"), (1, "G", None, False)),  # nothing stands before the chromosome
    ],
)
def test_insertions_and_deletions_stand_at_their_leftmost_place(tiny, written, stored):
    (allele,) = alleles_of(written, references=tiny)
    assert (allele["fate"], shown(allele)) == ("keep", stored)


def test_an_insertion_stops_at_the_start_of_the_chromosome(tmp_path):
    """AAAA: one more A, wherever it is written, begins before the first base."""
    references = {"GRCh38": reference_of(tmp_path, chr7="AAAAC")}
    found = alleles_of(at(4, "A", "AA"), at(1, "A", "AA"), at(2, "AA", "A"), references=references)
    assert [shown(allele) for allele in found] == [(1, None, "A", False), (1, None, "A", False), (1, "A", None, False)]
    assert found[0]["key"] == found[1]["key"]


def test_what_was_written_stays_beside_it(tiny):
    """The rows of the table in docs/import.md are among them."""
    rows = [at(6, "TA", "A"), at(6, "T", "-"), at(7, "A", "C"), at(5, "TTA", "GTA"), at(10, "CAC", "C")]
    found = alleles_of(*rows, references=tiny)
    assert [a["written"] for a in found] == [
        "chr7:6 TA>A", "chr7:6 T>-", None, "chr7:5 TTA>GTA", "chr7:10 CAC>C",
    ]  # fmt: skip
    assert [a["names"] for a in found] == [
        ["spdi=NC_000007.14:5:T:"], ["spdi=NC_000007.14:5:T:"], [], [], ["spdi=NC_000007.14:9:CA:"],
    ]  # fmt: skip


def test_without_a_reference_what_was_written_stays_too():
    rows = [at(5, "TTA", "GTA"), at(7, "A", "C"), at(6, "T", "-"), at(99, "GACTT", "GTT"), at(5, "R", "Y", rsid="rs5")]
    found = alleles_of(*rows)
    assert [a["written"] for a in found] == ["chr7:5 TTA>GTA", None, None, "chr7:99 GACTT>GTT", "chr7:5 R>Y"]
    assert [a["names"] for a in found][:4] == [[], [], [], []]


def test_each_alt_of_a_cell_has_its_own_writing(tiny):
    found = alleles_of(at(5, "TTA", "GTA,TA"), references=tiny)
    assert [(a["written"], *shown(a)) for a in found] == [
        ("chr7:5 TTA>GTA", 5, "T", "G", True),
        ("chr7:5 TTA>TA", 2, "AT", "A", True),
    ]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (at(7, "G", "C"), "REF is G, the reference GRCh38 has A at 7:7"),
        (at(7, "ACAT", "A"), "REF is ACAT, the reference GRCh38 has ACAC at 7:7"),
        (at(15, "C", "T"), "REF is C, the reference GRCh38 has R at 7:15"),
        (at(28, "CA", "C"), "7:28 lies beyond the end of the chromosome, which has 28 bases in GRCh38"),
        (at(1000, "A", "C"), "7:1,000 lies beyond the end of the chromosome, which has 28 bases in GRCh38"),
        (at(29, "-", "C"), "7:30 lies beyond the end of the chromosome, which has 28 bases in GRCh38"),
    ],
)
def test_a_ref_that_disagrees_is_not_loaded_at_its_place(tiny, written, said):
    found = alleles_of(written, written | {"hgvs_c": "NM_000492.4:c.1A>G"}, written | {"gene": "CFTR"}, references=tiny)
    assert [(a["fate"], a["reason"], a["flag"]) for a in found] == [
        ("reject", said, None),
        ("keep", None, f"{said}; kept by name"),
        ("reject", said, None),  # a gene is no name of a variant
    ]
    by_name = found[1]
    assert [by_name[column] for column in ("assembly", "chrom", "pos", "ref", "alt")] == [None] * 5
    assert by_name["written"] == f"chr7:{written['start']} {written['ref']}>{written['alt']}"


def test_of_a_long_ref_the_first_difference_is_shown(tmp_path):
    bases = "".join(random.Random(3).choices("ACGT", k=300))
    wrong = bases[:200] + ("A" if bases[200] != "A" else "C") + bases[201:]
    (allele,) = alleles_of(at(1, wrong, "A"), references={"GRCh38": reference_of(tmp_path, chr7=bases)})
    assert re.fullmatch(r"REF is [ACGT]{20}, the reference GRCh38 has [ACGT]{20} at 7:201", allele["reason"])


def test_a_chromosome_that_the_reference_lacks_is_left_as_it_is(tiny):
    rows = [at(6, "TA", "A"), at(6, "TA", "A") | {"chrom": "8"}, at(6, "TA", "A", assembly="GRCh37")]
    with cells_of(rows) as db:
        normalise(db, Rules(load="this load", assembly="GRCh38", references=tiny))
        assert db.execute("SELECT pos, ref FROM alleles ORDER BY line").fetchall() == [(2, "AT"), (6, "T"), (6, "T")]
        checked, nobodys, missing = reference_notes(db)
    assert checked.endswith("1 different alleles, 1 moved, 0 whose REF disagrees.")
    assert "is neither GRCh38 nor GRCh37" in nobodys
    assert missing.startswith("1 different alleles are on chromosomes that GRCh38.fa does not have")


# --- a file on the other assembly ---------------------------------------------------------------------

RANDOM = random.Random(4)
ONE = "".join(RANDOM.choices("ACGT", k=3000))
OTHER = "".join(RANDOM.choices("ACGT", k=3000))


def changes(bases, number, shift=0):
    places = range(10, 10 + 20 * number, 20)
    return [at(n + 1 + shift, bases[n], "A" if bases[n] != "A" else "C") for n in places]


def disagreeing(good: int, bad: int) -> list[dict]:
    rows = changes(ONE, good + bad)
    for row in rows[:bad]:
        row["ref"] = next(base for base in "ACGT" if base not in (row["ref"], row["alt"]))
    return rows


@pytest.mark.parametrize(
    ("good", "bad", "is_refused"), [(18, 2, False), (17, 3, True), (16, 3, False), (90, 10, False), (89, 11, True)]
)
def test_more_than_a_tenth_of_at_least_20_stops_the_import(tmp_path, good, bad, is_refused):
    references = {"GRCh38": reference_of(tmp_path, chr7=ONE)}
    if is_refused:
        with pytest.raises(OtherReference, match=rf"^{bad} of {good + bad} different REF alleles disagree"):
            alleles_of(*disagreeing(good, bad), references=references)
    else:
        found = alleles_of(*disagreeing(good, bad), references=references)
        assert [allele["fate"] for allele in found] == ["reject"] * bad + ["keep"] * good


def test_the_share_that_may_disagree_is_a_rule(tmp_path):
    references = {"GRCh38": reference_of(tmp_path, chr7=ONE)}
    assert len(alleles_of(*disagreeing(10, 10), references=references, most_wrong=0.5)) == 20
    with pytest.raises(OtherReference, match="^1 of 20"):
        alleles_of(*disagreeing(19, 1), references=references, most_wrong=0)


def test_it_says_whether_the_other_assembly_would_agree(tmp_path):
    references = {
        "GRCh38": reference_of(tmp_path, chr7=ONE),
        "GRCh37": reference_of(tmp_path, assembly="GRCh37", chr7=OTHER),
    }
    with pytest.raises(OtherReference) as raised:
        alleles_of(*changes(OTHER, 40), references=references)
    assert "probably on GRCh37" in str(raised.value)
    tried, agree = re.search(r"([\d,]+) of ([\d,]+) of them tried agree with GRCh37", str(raised.value)).groups()
    assert tried == agree


@pytest.mark.parametrize(("shift", "base"), [(-1, 0), (1, None)])
def test_it_says_whether_positions_would_agree_from_another_base(tmp_path, shift, base):
    references = {"GRCh38": reference_of(tmp_path, chr7=ONE)}
    with pytest.raises(OtherReference) as raised:
        alleles_of(*changes(ONE, 40, shift), references=references, base=1)
    assert ("would agree if positions counted from 0" in str(raised.value)) is (base == 0)


# --- any sequence, any repeat -------------------------------------------------------------------------


class Texts:
    """A reference in memory: chromosome -> bases."""

    assembly, name, note = "GRCh38", "texts", ""

    def __init__(self, texts):
        self.texts, self.lengths = texts, {chrom: len(text) for chrom, text in texts.items()}

    def bases(self, chrom, start0, end0):
        return self.texts[chrom][max(start0, 0) : max(end0, 0)]


def one_step_at_a_time(text, start0, unit):
    while start0 and text[start0 - 1] == unit[-1]:
        unit, start0 = unit[-1] + unit[:-1], start0 - 1
    return start0, unit


repeats = st.builds(
    lambda unit, times, head, tail: head + unit * times + tail,
    st.text("AC", min_size=1, max_size=4), st.integers(1, 40), st.text("ACGT", max_size=5), st.text("ACGT", max_size=5),
)  # fmt: skip


@given(repeats, st.data())
@examples(max_examples=300, deadline=None)
def test_leftmost_is_what_single_steps_reach(text, data):
    start0 = data.draw(st.integers(0, len(text)))
    end0 = data.draw(st.integers(0, len(text)))
    unit = text[min(start0, end0) : max(start0, end0)] or data.draw(st.text("AC", min_size=1, max_size=4))
    start0 = min(start0, end0)
    assert leftmost(Window(Texts({"7": text})), "7", start0, unit) == one_step_at_a_time(text, start0, unit)


def haplotype(text, start0, deleted, inserted):
    assert text[start0 : start0 + len(deleted)] == deleted
    return text[:start0] + inserted + text[start0 + len(deleted) :]


def cells_written(text, start0, deleted, inserted, before, behind):
    """The cells of an allele with so many equal bases on its two sides, as a VCF may have them."""
    low, high = max(start0 - before, 0), start0 + len(deleted) + behind
    head, tail = text[low:start0], text[start0 + len(deleted) : high]
    return at(low + 1, head + deleted + tail or "-", head + inserted + tail or "-")


@st.composite
def indels(draw):
    """A sequence, and every way to write one insertion or deletion in it: (start0, deleted, inserted), unpadded."""
    text = draw(repeats)
    start0 = draw(st.integers(0, len(text) - 1))
    if draw(st.booleans()):
        unit = draw(st.text("AC", min_size=1, max_size=5))
        wanted = haplotype(text, start0, "", unit)
        found = [(n, "", wanted[n : n + len(unit)]) for n in range(len(text) + 1)]
    else:
        unit = text[start0 : start0 + draw(st.integers(1, 6))]
        wanted = haplotype(text, start0, unit, "")
        found = [(n, text[n : n + len(unit)], "") for n in range(len(text) - len(unit) + 1)]
    return text, wanted, [written for written in found if haplotype(text, *written) == wanted]


@given(st.lists(indels(), min_size=15, max_size=15), st.randoms())
@examples(max_examples=8, deadline=None)
def test_equal_haplotypes_of_one_indel_are_one_variant(cases, chance):
    """Every way to write a change gives one key, and what is stored makes the haplotype that was written."""
    rows = []
    for chrom, (text, _, ways) in enumerate(cases, start=1):
        for way in ways:
            # Without a base on its left, a VCF pads on the right.
            before = chance.randint(int(way[0] > 0), 3)
            behind = chance.randint(int(way[0] == 0), 3)
            rows.append(cells_written(text, *way, before, behind) | {"chrom": str(chrom)})
    references = {"GRCh38": Texts({str(n): text for n, (text, _, _) in enumerate(cases, start=1)})}
    found = alleles_of(*rows, references=references, base=1)
    assert len(found) == len(rows)
    for chrom, (text, wanted, _) in enumerate(cases, start=1):
        of_case = [allele for allele in found if allele["chrom"] == str(chrom)]
        assert len({allele["key"] for allele in of_case}) == 1
        stored = [(allele["pos"] - 1, allele["ref"] or "", allele["alt"] or "") for allele in of_case]
        assert {haplotype(text, *written) for written in stored} == {wanted}


# --- size ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["A", "CAG", "ACGTTGCA" * 30])
def test_a_repeat_of_many_thousand_bases(tmp_path, unit):
    text = "GGT" + unit * (2 * STRETCH // len(unit)) + "TTG"
    last = 3 + len(unit) * (2 * STRETCH // len(unit))  # interbase, behind the last unit
    references = {"GRCh38": reference_of(tmp_path, chr7=text)}
    (allele,) = alleles_of(at(last, unit[-1], unit[-1] + unit), references=references)
    assert shown(allele) == (3, "T", "T" + unit, True)


def test_a_hundred_thousand_indels_take_seconds(tmp_path):
    chance = random.Random(5)
    text = "".join(chance.choices("ACGT", k=2_000_000))
    places = [19 * n + 5 for n in range(100_000)]
    rows = [at(n + 1, text[n : n + 3], text[n]) for n in places]
    references = {"GRCh38": reference_of(tmp_path, chr7=text)}
    with cells_of(rows) as db:
        started = time.process_time()
        normalise(db, Rules(load="this load", assembly="GRCh38", references=references))
        took = time.process_time() - started
        moved = reference_tally(db)["GRCh38"]["moved"]
    assert moved > 5_000
    assert took < 20  # seconds of CPU; about 6, of which aligning takes 2
