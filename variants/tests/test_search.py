"""What the search box understands."""

import json

import pytest
from django.conf import settings

from variants import search
from variants.identity import allele_key
from variants.models import Variant


@pytest.fixture
def genes(make_gene):
    make_gene("BRCA1", aliases=("RNF53", "SHARED"))
    make_gene("BRAF", aliases=("SHARED",))
    make_gene("HLA-A")
    make_gene("AR")
    make_gene("OTHER", aliases=("AR",))


def found(text: str, assembly: str = "") -> list[Variant]:
    return list(search.read(text, assembly)[0].find(Variant.objects.current()).order_by("pk"))


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("BRCA1", "gene", "BRCA1"), ("brca1", "gene", "BRCA1"), (" Brca1 ", "gene", "BRCA1"), ("rnf53", "gene", "BRCA1"),
        ("hla-a", "gene", "HLA-A"), ("AR", "gene", "AR"), ("BRCA1\u200b", "gene", "BRCA1"), ("\ufeffBRCA1", "gene", "BRCA1"),
        ("ＢＲＣＡ１", "gene", "BRCA1"), ("BR\u00adCA1", "gene", "BRCA1"), ("HLA\u2011A", "gene", "HLA-A"), ("HLA–A", "gene", "HLA-A"),
        ("rs80357906", "rsid", "rs80357906"), ("RS80357906", "rsid", "rs80357906"), ("rs 80357906", "rsid", "rs80357906"),
        ("VCV000012345", "clinvar", "VCV000012345"), ("rcv000031234.5", "clinvar", "RCV000031234"),
        ("vcv 000012345", "clinvar", "VCV000012345"),
        ("NM_007294.4:c.5266dup", "hgvs", "NM_007294.4:c.5266dup"), ("NM_007294.4(BRCA1):c.5266dup", "hgvs", "NM_007294.4:c.5266dup"),
        ("NM_007294.4 : c.5266 dup", "hgvs", "NM_007294.4:c.5266dup"), ("NC_000017.11:g.43057065dup", "hgvs", "NC_000017.11:g.43057065dup"),
        ("NP_004324.2:p.Val600Glu", "hgvs", "NP_004324.2:p.Val600Glu"), ("ENST00000357654.9:c.68_69del", "hgvs", "ENST00000357654.9:c.68_69del"),
        ("BRCA1 c.68_69del", "hgvs", "BRCA1 c.68_69del"), ("brca1:c.68_69del", "hgvs", "BRCA1 c.68_69del"),
        ("BRAF p.V600E", "hgvs", "BRAF p.V600E"), ("braf p.Val600Glu", "hgvs", "BRAF p.Val600Glu"),
        ("17:43044295", "region", "GRCh38 17:43044295"), ("chr17:43,044,295-43,125,364", "region", "GRCh38 17:43044295-43125364"),
        ("CHR17:43044295–43125364", "region", "GRCh38 17:43044295-43125364"), ("17 43044295 43125364", "region", "GRCh38 17:43044295-43125364"),
        ("x:100-200", "region", "GRCh38 X:100-200"), ("chrM:100", "region", "GRCh38 MT:100"), ("17-100-200", "region", "GRCh38 17:100-200"),
        ("17-43057062-T-TG", "variant", "GRCh38 17-43057062-T-TG"), ("17:43057062:T:TG", "variant", "GRCh38 17-43057062-T-TG"),
        ("chr17 43057062 T>TG", "variant", "GRCh38 17-43057062-T-TG"), ("17_43057062_t_tg", "variant", "GRCh38 17-43057062-T-TG"),
        ("17/43057062/T/TG", "variant", "GRCh38 17-43057062-T-TG"), ("17|43057062|T|TG", "variant", "GRCh38 17-43057062-T-TG"),
        ("17—43,057,062—T—TG", "variant", "GRCh38 17-43057062-T-TG"), ("17\u221243057062\u2212T\u2212TG", "variant", "GRCh38 17-43057062-T-TG"),
        ("chr17\t43057062\t.\tT\tTG", "variant", "GRCh38 17-43057062-T-TG"),
        ("17:43057062 T > TG", "variant", "GRCh38 17-43057062-T-TG"), ("chr17:43057062T>TG", "variant", "GRCh38 17-43057062-T-TG"),
        ("NC_000017.11-43057062-T-TG", "variant", "GRCh38 17-43057062-T-TG"), ("nc_000017.10 43057062 T>TG", "variant", "GRCh37 17-43057062-T-TG"),
        ("NC_000099.1-100-A-T", "unknown", "NC_000099.1-100-A-T"),
        ("nonsense", "unknown", "nonsense"), ("25:100", "unknown", "25:100"), ("17:200-100", "unknown", "17:200-100"), ("17:0", "unknown", "17:0"),
        ("17:99999999999", "unknown", "17:99999999999"), ("%", "unknown", "%"), ("NOGENE c.1A>G", "unknown", "NOGENE c.1A>G"),
    ],
)  # fmt: skip
def test_readings(genes, text, kind, value):
    reading = search.read(text)[0]
    assert (reading.kind, reading.value) == (kind, value)


def test_spdi_is_not_read_as_a_position_that_counts_from_1(db):
    assert [reading.value for reading in search.read("NC_000017.11:99:A:G")] == ["NC_000017.11:99:A:G"]


@pytest.mark.parametrize("text", ["17-100-A-TR", "17-100-A-T*", "17-100-A-T,G", "17:100:A:T:GRCh37"])
def test_an_allele_with_more_behind_it_is_not_read_as_its_beginning(genes, text):
    assert search.read(text)[0].value != "GRCh38 17-100-A-T"


@pytest.mark.parametrize("text", ["17-43057062-T-TG", "17:43044295", "17:43044295-43125364"])
def test_a_place_without_assembly_offers_the_other_assembly(genes, text):
    readings = search.read(text)
    assert [reading.value.split()[0] for reading in readings] == ["GRCh38", "GRCh37"]
    assert len({reading.value.split()[1] for reading in readings}) == 1


def test_a_place_with_an_assembly_has_one_reading(genes):
    assert [reading.value for reading in search.read("17:100", "GRCh37")] == ["GRCh37 17:100"]


def test_places_are_read_in_the_default_assembly_first(genes, settings):
    settings.DEFAULT_ASSEMBLY = "GRCh37"
    assert [reading.value for reading in search.read("17:100")] == ["GRCh37 17:100", "GRCh38 17:100"]


def test_a_name_that_two_genes_share_is_read_as_both(genes):
    assert [gene.symbol for gene in search.read("shared")[0].genes] in (["BRAF", "BRCA1"], ["BRCA1", "BRAF"])


def test_what_means_nothing_finds_nothing_and_gives_a_hint(genes, make_variant):
    make_variant()
    reading = search.read("nonsense")[0]
    assert "Try a gene" in reading.sentence
    assert found("nonsense") == []


@pytest.mark.parametrize("text", ["7-99-GAC-G", "7-97-TTGAC-TTG", "7-99-GACTT-GTT", "chr7:99 gac>g", "7:99:GAC:G"])
def test_an_allele_in_any_padding_finds_the_variant(make_variant, text):
    variant = make_variant(99, "GAC", "G")
    make_variant(99, "GA", "G")
    assert found(text) == [variant]


def test_each_assembly_finds_its_own(make_variant):
    old, new = make_variant(assembly="GRCh37"), make_variant(assembly="GRCh38")
    assert [found("7-100-A-T"), found("7-100-A-T", "GRCh37")] == [[new], [old]]
    assert [list(reading.find(Variant.objects.all())) for reading in search.read("7-100-A-T")] == [[new], [old]]


def test_a_region_includes_both_ends(make_variant):
    rows = [make_variant(pos) for pos in (99, 100, 200, 201)]
    assert found("7:100-200") == rows[1:3]
    assert found("7:100") == rows[1:2]


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("rsid", "rs334", "RS334"), ("clinvar", "RCV000031234", "rcv000031234.2"), ("c", "NM_1.1:c.1A>T", "nm_1.1:c.1a>t"),
        ("c", "NM_1.1:c.1A>T", "BRAF c.1A>T"), ("p", "BRAF:p.V600E", "braf p.v600e"), ("p", "NP_1.1:p.Val600Glu", "BRAF:p.Val600Glu"),
        ("p", "NP_1.1:p.(Arg97fs)", "BRAF p.(Arg97fs)"), ("g", "NC_000007.14:g.5A>T", "NC_000007.14:g.5A>T"),
        ("clinvar", "VCV001234567", "VCV1234567"),
        ("c", "NM_1.1:c." + "A" * 300, "NM_1.1:c." + "a" * 300), ("c", "NM_1.1:c.1_2%", "BRAF c.1_2%"),
    ],
)  # fmt: skip
def test_a_name_that_a_claim_gave_finds_its_variant(make_gene, make_variant, kind, name, text):
    gene = make_gene("BRAF")
    variant = make_variant(gene=gene, names=((kind, name),))
    make_variant(200, gene=gene, names=((kind, name[:-1] + "x"), ("c", "NM_1.1:c.112A>T")))
    assert found(text) == [variant]


def test_a_gene_and_a_name_find_only_variants_of_that_gene(make_gene, make_variant):
    braf, kras = make_gene("BRAF"), make_gene("KRAS")
    variant = make_variant(gene=braf, names=(("c", "NM_1.1:c.1A>T"),))
    make_variant(200, gene=kras, names=(("c", "NM_2.1:c.1A>T"),))
    assert found("BRAF c.1A>T") == [variant]


def test_a_gene_finds_its_variants_by_any_of_its_names(make_gene, make_variant):
    variant = make_variant(gene=make_gene("BRCA1", aliases=("RNF53",)))
    make_variant(200)
    assert [found("BRCA1"), found("rnf53")] == [[variant], [variant]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("17:5-9", ("17", 5, 9)), ("chrX:1,000", ("X", 1000, 1000)), ("m:1", ("MT", 1, 1)), ("17:5..9", ("17", 5, 9))],
)
def test_regions(text, expected):
    assert search.region(text) == expected


@pytest.mark.parametrize("text", ["", "1", "1:9-3", "1:0-5", "99:1-2", "1:a-b", "1:1-99999999999", "1:1-2-3", "1:,-,"])
def test_what_is_no_region(text):
    with pytest.raises(ValueError):
        search.region(text)


def test_the_key_of_a_search_is_that_of_the_allele_in_upper_case():
    assert allele_key("GRCh38", "7", 99, "gac", "g") == allele_key("GRCh38", "7", 99, "GAC", "G")


# --- every spelling of a name ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        ({"hgvs_c": "NM_007294.4:c.5266dup"}, "NM_007294.4:c.5266dupC"), ({"hgvs_c": "NM_007294.4:c.5266dupC"}, "nm_007294.4(BRCA1):c.5266dup"),
        ({"hgvs_c": "NM_000492.3:c.1521_1523del"}, "NM_000492.3:c.1521_1523delCTT"), ({"hgvs_c": "NM_007294.4:c.5266dup"}, "NM_007294:c.5266dupC"),
        ({"gene": "BRAF", "hgvs_p": "p.(V600E)"}, "BRAF V600E"), ({"gene": "BRAF", "hgvs_p": "p.V600E"}, "BRAF p.Val600Glu"),
        ({"variant": "BRAF V600E"}, "braf:p.(Val600Glu)"), ({"gene": "CFTR", "hgvs_p": "p.Phe508del"}, "CFTR F508del"),
        ({"gene": "BRCA1", "hgvs_c": "c.5266dup"}, "BRCA1 c.5266dupC"), ({"hgvs_c": "NM_007294.4(BRCA1):c.5266dup"}, "BRCA1 c.5266dupC"),
        ({"chrom": "17", "start": "43057062", "ref": "A", "alt": "G"}, "NC_000017.11:g.43057062A>G"),
        ({"chrom": "17", "start": "43057062", "ref": "A", "alt": "G"}, "chr17:g.43057062A>G"),
        ({"variant": "chr17:g.43057062A>G"}, "NC_000017.11:g.43057062A>G"), ({"hgvs_g": "NC_000017.11:g.43057062A>G"}, "17-43057062-A-G"),
        ({"chrom": "7", "start": "117559590", "ref": "ATCT", "alt": "A"}, "NC_000007.14:117559590:TCT:"),
        ({"variant": "NC_000007.14:117559590:TCT:"}, "7-117559590-ATCT-A"), ({"variant": "NC_000007.14:117559590:TCT:"}, "NC_000007.14:117559590:TCT:"),
        ({"variant": "NC_000019.10:44908821:C:T"}, "NC_000019.10:44908821:1:T"), ({"variant": "NC_000019.10:44908821:1:T"}, "nc_000019.10:44908821:1:t"),
        ({"chrom": "MT", "start": "3243", "ref": "A", "alt": "G"}, "NC_012920.1:m.3243A>G"), ({"variant": "NC_012920.1:g.3243A>G"}, "chrM:m.3243A>G"),
    ],
)  # fmt: skip
def test_a_claim_is_found_by_any_spelling_of_what_it_wrote(load, cells, text):
    load([cells, {"gene": "BRAF", "hgvs_c": "c.1A>G"}, {"gene": "CFTR", "hgvs_c": "c.1A>G"}])
    variant = Variant.objects.get(records__line=2)
    assert found(text) == [variant]


def test_a_transcript_with_its_version_offers_the_other_versions(load):
    load(
        [{"hgvs_c": "NM_007294.3:c.5266dupC"}, {"hgvs_c": "NM_007294:c.5266dup"}, {"hgvs_c": "NM_0072945.1:c.5266dup"}]
    )
    exact, any_version = search.read("NM_007294.4:c.5266dup")
    assert [list(exact.find(Variant.objects.all())), any_version.find(Variant.objects.all()).count()] == [[], 2]
    assert any_version.sentence.endswith("in any version of NM_007294.")


def test_a_name_of_a_chromosome_without_assembly_offers_the_other(db):
    readings = search.read("17:g.43057062A>G")
    assert [r.value for r in readings] == ["NC_000017.11:g.43057062A>G", "NC_000017.10:g.43057062A>G"]


@pytest.mark.parametrize("text", ["NC_000007.14:9999999999:1:T", "NC_000007.14:9999999999:T:G", "NM_:c.", "BRAF p.", "p.", "::", "NC_000007.14:g.0A>G",
                                  "LRG_:c.123A>G", "(NM_001.5):c.123A>G", "NM_1.1:c." + "9" * 3000 + "del"])  # fmt: skip
def test_odd_names_find_nothing_and_break_nothing(make_gene, text):
    make_gene("BRAF")
    assert found(text) == []


def test_no_name_of_the_shared_corpus_breaks_import_or_search(load):
    path = settings.BASE_DIR.parent / "shared" / "data" / "hgvs" / "robustness_corpus.jsonl"
    if not path.is_file():
        pytest.skip("the shared files are not here")
    texts = [json.loads(line)["input"] for line in path.read_text().splitlines()]
    done = load([{"variant": text, "hgvs_c": text} for text in texts])
    assert done.counts["lines_read"] == len(texts) == 187
    assert done.counts["skipped"] <= 8  # blanks, half a name, a change without gene or accession
    lost = [text for text in texts if not found(text)]
    assert len(lost) <= done.counts["skipped"], lost
