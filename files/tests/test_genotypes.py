"""Which samples have an allele: from the cells of a VCF line, as the reader lays them out."""

import time

import pytest

from files.genotypes import NOT_GIVEN, VcfSamples, read_genotype, samples_of, zygosity
from files.readers.vcf.header import HeaderReader
from files.readers.vcf.layout import lay_out, meet

COUNTS = ("samples", "with_allele", "without_allele", "not_called", "not_given")


def told(
    cells: dict[str, str], *, form: str = "GT:AD:DP:GQ", alt: str = "T", alt_index: int = 1, chrom: str = "1",
    split: bool = True, most: int = 50,
):  # fmt: skip
    """What is told of a line with these samples, laid out by the reader's own rules."""
    reader = HeaderReader(lambda *said: None)
    names = "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *cells])
    for number, line in enumerate(["##fileformat=VCFv4.3", names], start=1):
        reader.take(number, line)
    header = reader.finish(3, 1 + len(cells))
    line = "\t".join([chrom, "5", ".", "A", alt, ".", ".", ".", form, *cells.values()])
    layout = lay_out(header, meet([line]), 100 if split else 0)
    assert layout.split == split
    record: dict[int, str] = dict(enumerate([chrom, "5", ".", "A", alt, ".", "."]))
    record[layout.behind] = form
    for n, text in enumerate(cells.values()):
        if not split:
            record[layout.behind + 1 + n] = text
        for key, value in zip(form.split(":"), text.split(":"), strict=False) if split else ():
            record[layout.behind + 1 + n * len(layout.keys) + layout.keys.index(key)] = value
    row = {column["name"]: record.get(column["at"]) for column in layout.columns}
    return samples_of(VcfSamples.of(layout.columns, header.samples), row, alt_index, chrom, most=most)


def counts(found) -> tuple[int, ...]:
    return tuple(getattr(found.counts, name) for name in COUNTS)


TRIO = {"NA12878": "0/1:17,15:32:99", "NA12891": "0/0:30,0:30:90", "NA12892": "1|1:0,28:28:84"}


@pytest.mark.parametrize("split", [True, False])
def test_both_layouts_tell_the_same(split):
    found = told(TRIO, split=split)
    assert counts(found) == (3, 2, 1, 0, 0)
    first, second = found.calls
    assert (first.sample, first.genotype, first.zygosity, first.phased) == ("NA12878", "0/1", "heterozygous", False)
    assert (first.depth, first.allele_depth, first.reference_depth) == (32, 15, 17)
    assert (first.allele_fraction, first.genotype_quality) == (0.4688, 99)
    assert (second.sample, second.zygosity, second.phased, second.allele_fraction) == (
        "NA12892", "homozygous", True, 1.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("genotype", "alt_index", "chrom", "expected"),
    [
        ("0/1", 1, "1", "heterozygous"),
        ("1/0", 1, "1", "heterozygous"),
        ("1|1", 1, "1", "homozygous"),
        ("1/2", 1, "1", "heterozygous with another ALT"),
        ("1/2", 2, "1", "heterozygous with another ALT"),
        ("1", 1, "X", "hemizygous"),
        ("1", 1, "MT", "hemizygous"),
        ("1", 1, "7", "haploid"),
        ("1/1", 1, "X", "homozygous"),  # as the file says it, of a man too
        ("./1", 1, "1", "partly called"),
        ("1|.", 1, "1", "partly called"),
        ("0/0/1", 1, "1", "1 of 3 copies"),
        ("0/1/1/2", 1, "1", "2 of 4 copies"),
        ("1/1/1", 1, "1", "homozygous"),
        ("/0|1", 1, "1", "heterozygous"),  # VCF 4.4 writes the first separator too
        ("|1", 1, "Y", "hemizygous"),
    ],
)
def test_zygosity_is_what_gt_says(genotype, alt_index, chrom, expected):
    assert zygosity(read_genotype(genotype), alt_index, chrom) == expected


def test_every_sample_is_counted_once():
    cells = {"a": "0/1", "b": "0/0", "c": "./.", "d": ".", "e": "./0", "f": "1/.", "g": "A/G", "h": "0", "i": ""}
    for split in (True, False):
        found = told(cells, form="GT:DP", split=split)
        assert counts(found) == (9, 2, 2, 4, 1)
        assert [call.sample for call in found.calls] == ["a", "f"]


def test_the_second_alt_has_its_own_samples_and_reads():
    cells = {"a": "0/1:9,8,0:17", "b": "1/2:1,7,6:14", "c": "0/2:5,0,4:9"}
    one = told(cells, form="GT:AD:DP", alt="T,G", alt_index=1)
    two = told(cells, form="GT:AD:DP", alt="T,G", alt_index=2)
    assert [(call.sample, call.allele_depth) for call in one.calls] == [("a", 8), ("b", 7)]
    assert [(call.sample, call.allele_depth) for call in two.calls] == [("b", 6), ("c", 4)]


def test_a_line_without_genotypes_shows_the_samples_whose_reads_have_the_allele():
    for split in (True, False):
        found = told({"tumor": "10,5", "normal": "12,0"}, form="AD", split=split)
        assert counts(found) == (2, 0, 0, 0, 2)
        assert [(call.sample, call.zygosity, call.allele_depth) for call in found.calls] == [("tumor", NOT_GIVEN, 5)]
    found = told({"tumor": ".:10,5", "normal": "./.:12,3"}, form="GT:AD")
    assert [call.sample for call in found.calls] == ["tumor"]  # of the other the caller says that it is not called


@pytest.mark.parametrize(
    ("form", "cell", "alt", "expected"),
    [
        ("GT:AD:DP", "0/1:17,15:32", "T", (32, 15, 17, 0.4688)),
        ("GT:AD", "0/1:17,15", "T", (32, 15, 17, 0.4688)),  # without DP: all of AD
        ("GT:AD:DP", "0/1:17,15:.", "T", (32, 15, 17, 0.4688)),
        ("GT:DP", "0/1:32", "T", (32, None, None, None)),
        ("GT:AD:DP", "0/1:15:32", "T", (32, None, None, None)),  # one number for two alleles: whose is it?
        ("GT:DP:RD:AD", "0/1:32:17:15", "T", (32, 15, 17, 0.4688)),  # VarScan
        ("GT:DP:RD:AD", "0/1:32:17:15", "T,G", (32, None, None, None)),
        ("GT:DP:RO:AO", "0/1:32:17:15", "T", (32, 15, 17, 0.4688)),  # freebayes
        ("GT:DP:RO:AO", "0/1:32:17:15,2", "T,G", (32, 15, 17, 0.4688)),
        ("GT:AD:DP", "0/1:.,15:32", "T", (32, 15, None, 0.4688)),
        ("GT:AD:DP", "0/1:.:32", "T", (32, None, None, None)),
        ("GT:AD:DP", "0/1:17,15:10", "T", (10, 15, 17, None)),  # no part of the depth
        ("GT:AD:DP", "0/1:0,0:0", "T", (0, 0, 0, None)),
        ("GT:AD:DP", "0/1:-3,15:1e3", "T", (None, 15, None, None)),
        ("GT:AD:DP", "0/1", "T", (None, None, None, None)),
    ],
)
def test_depths_are_told_where_the_line_says_whose_they_are(form, cell, alt, expected):
    for split in (True, False):
        [call] = told({"s": cell}, form=form, alt=alt, split=split).calls
        assert (call.depth, call.allele_depth, call.reference_depth, call.allele_fraction) == expected


@pytest.mark.parametrize(
    ("written", "quality"), [("99", 99), ("12.5", 12.5), (".", None), ("NaN", None), ("inf", None), ("1e400", None)]
)
def test_gq_is_a_number_or_nothing(written, quality):
    [call] = told({"s": f"0/1:{written}"}, form="GT:GQ").calls
    assert call.genotype_quality == quality


def test_samples_whose_columns_would_be_called_alike_keep_their_own_cells():
    cells = {"a": "0/1:1", "a.GT": "0/0:2", "INFO": "1/1:3", "ALT": "./.:4", "b.DP": "0/1:5", "b": "0/0:6"}
    for split in (True, False):
        found = told(cells, form="GT:DP", split=split)
        assert [(c.sample, c.genotype, c.depth) for c in found.calls] == [
            ("a", "0/1", 1), ("INFO", "1/1", 3), ("b.DP", "0/1", 5),
        ]  # fmt: skip
        assert counts(found) == (6, 3, 2, 1, 0)


def test_a_key_that_has_no_column_is_found_among_the_others():
    columns = [
        {"name": "ALT"}, {"name": "FORMAT"}, {"name": "s.DP", "sample": 0, "key": "DP"},
        {"name": "s.(other)", "sample": 0, "key": "(other)"},
    ]  # fmt: skip
    row = {"ALT": "T", "FORMAT": "GT:DP", "s.DP": "8", "s.(other)": "GT=0/1;XX=3"}
    found = samples_of(VcfSamples.of(columns, ["s"]), row, 1, "1", most=5)
    assert [(call.genotype, call.depth) for call in found.calls] == [("0/1", 8)]


def test_the_list_is_bounded_and_the_counts_are_not():
    found = told({f"S{n}": "0/1" if n % 2 else "0/0" for n in range(2500)}, form="GT", split=False, most=10)
    assert [call.sample for call in found.calls][:2] == ["S1", "S3"]
    assert (len(found.calls), counts(found)) == (10, (2500, 1250, 1250, 0, 0))


def test_a_line_of_2500_samples_is_told_quickly():
    columns = [{"name": f"S{n}", "sample": n} for n in range(2500)]
    row = {"ALT": "T", "FORMAT": "GT:AD:DP:GQ"} | {f"S{n}": f"0/{n % 2}:17,15:32:{n % 99}" for n in range(2500)}
    where = VcfSamples.of(columns, [f"S{n}" for n in range(2500)])
    begin = time.process_time()
    for _ in range(10):
        samples_of(where, row, 1, "1", most=50)
    assert (time.process_time() - begin) / 10 < 0.1  # measured: 0.007


def test_a_file_without_samples_tells_of_none():
    assert counts(told({}, form="GT", split=False)) == (0, 0, 0, 0, 0)


def test_a_file_that_was_read_before_columns_said_whose_they_are_is_not_guessed_at():
    assert not VcfSamples.of([{"name": "NA1.GT"}], ["NA1"]).is_known
    assert VcfSamples.of([{"name": "ALT"}], []).is_known


@pytest.mark.parametrize("text", ["", "A/G", "0//1", "0/1/", "-1", "0/1x", "1" * 400, "0/①"])
def test_what_is_no_genotype_is_none(text):
    assert read_genotype(text) is None
