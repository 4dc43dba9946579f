"""The gene table: replaced without losing what variants refer to; and genes while typing."""

import gzip

import pytest
from django.core.management import CommandError, call_command

from variants.gene_tables import BUNDLED, BadGeneTable, replace_genes
from variants.models import Gene, GeneName, Variant
from variants.suggest import suggest
from variants.tests.conftest import end_of_transaction

HGNC = "hgnc_id\tsymbol\tname\tlocus_group\talias_symbol\tprev_symbol\tensembl_gene_id"
GENE_INFO = "symbol\tsynonyms\ttype\thgnc_id\tensembl_id"
OWN = "symbol\tname\tensembl_id\tchrom\tstart\tend\tstrand\tcoding\texons\taliases"


@pytest.fixture
def replace(db, tmp_path):
    """The gene table replaced by one of these lines."""

    def write(*lines: str, name: str = "genes.tsv") -> tuple[int, int]:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        try:
            return replace_genes(path)
        finally:
            end_of_transaction()

    return write


def names_of(symbol: str) -> list[tuple[str, str]]:
    return list(Gene.objects.get(symbol=symbol).names.order_by("kind", "name").values_list("kind", "written"))


# --- reading -----------------------------------------------------------------------------------------


def test_the_complete_set_of_hgnc(replace):
    assert replace(
        HGNC,
        'HGNC:1\tBRAF\tB-Raf\tprotein-coding gene\t"BRAF1|RAFB1"\tOLD1\tENSG01',
        "HGNC:2\tXIST\t\tnon-coding RNA\t\t\t",
    ) == (2, 3)
    gene = Gene.objects.get(symbol="BRAF")
    assert (gene.name, gene.hgnc_id, gene.ensembl_id, gene.coding, gene.listed) == (
        "B-Raf",
        "HGNC:1",
        "ENSG01",
        True,
        True,
    )
    assert names_of("BRAF") == [("alias", "BRAF1"), ("alias", "RAFB1"), ("previous", "OLD1"), ("symbol", "BRAF")]


def test_a_table_with_synonyms(replace):
    assert replace(GENE_INFO, "BRAF\tBRAF1|RAFB1\tprotein-coding\tHGNC:1\tENSG01", "TP53\t-\tprotein-coding\t\t") == (
        2,
        2,
    )
    assert names_of("BRAF") == [("alias", "BRAF1"), ("alias", "RAFB1"), ("symbol", "BRAF")]
    assert names_of("TP53") == [("symbol", "TP53")]


def test_a_table_with_coordinates(replace):
    replace(OWN, "BRAF\tB-Raf\tENSG01\t7\t100\t900\t-\t1\t100-200,800-900\tBRAF1")
    gene = Gene.objects.get()
    assert (gene.chrom, gene.start, gene.end, gene.strand, gene.coding) == ("7", 100, 900, "-", True)
    assert Gene.objects.extra(where=["exons @> 200 AND NOT exons @> 201 AND exons @> 900"]).exists()


def test_a_packed_table(tmp_path, db):
    path = tmp_path / "genes.tsv.gz"
    path.write_bytes(gzip.compress(f"{GENE_INFO}\nBRAF\tBRAF1\t\t\t\n".encode()))
    assert replace_genes(path) == (1, 1)


def test_a_table_without_coordinates_keeps_those_that_are_known(replace):
    replace(OWN, "BRAF\t\tENSG01\t7\t100\t900\t-\t1\t100-200\t")
    replace(GENE_INFO, "BRAF\tBRAF1\tprotein-coding\tHGNC:1\tENSG01")
    assert Gene.objects.values_list("chrom", "start", "end", "strand").get() == ("7", 100, 900, "-")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["gene\tother", "BRAF\tx"], "genes.tsv has the columns gene, other; a gene table needs symbol and synonyms"),
        ([""], "genes.tsv has the columns none"),
        ([GENE_INFO], "genes.tsv has a header and no genes"),
        ([OWN, "BRAF\t\t\t7\t100\t900\t-\t1\t\t", "TP53\t\t\t17\tx\t900\t-\t1\t\t"], "genes.tsv, line 3: "),
        ([OWN, "BRAF\t\t\t7\t100\t900\t-\t1\t100to200\t"], "genes.tsv, line 2: "),
        ([OWN, "BRAF\t\t\t7\t100\t900\t-\t1\t200-100\t"], "genes.tsv, line 2: "),
        ([GENE_INFO, "B" * 81 + "\t\t\t\t"], "genes.tsv, line 2: "),
    ],
    ids=[
        "other columns",
        "empty",
        "no genes",
        "start is no number",
        "exons",
        "exons turned round",
        "symbol of 81 characters",
    ],
)
def test_a_bad_table_says_what_is_wrong_and_changes_nothing(replace, lines, said):
    replace(GENE_INFO, "KEPT\tALSO")
    with pytest.raises(BadGeneTable, match=said):
        replace(*lines)
    assert list(Gene.objects.values_list("symbol", flat=True)) == ["KEPT"]


def test_a_table_that_was_cut_off_is_a_message_and_no_traceback(db, tmp_path):
    path = tmp_path / "genes.tsv.gz"
    path.write_bytes(gzip.compress((GENE_INFO + "\nBRAF\tBRAF1\t\t\t" * 1000).encode())[:-20])
    with pytest.raises(CommandError):
        call_command("load_genes", str(path))


def test_the_bundled_table(db):
    call_command("load_genes", str(BUNDLED), verbosity=0)
    assert Gene.objects.filter(listed=True).count() == 30_842
    braf = Gene.objects.get(symbol="BRAF")
    assert (braf.chrom, braf.strand, braf.coding) == ("7", "-", True)
    assert braf.start < 140_753_336 < braf.end
    assert suggest("brca1")[0]["symbol"] == "BRCA1"
    call_command("load_genes", if_empty=True, verbosity=0)
    assert not Gene.objects.filter(start__gt=1, end__lt=1).exists()


# --- replacing ---------------------------------------------------------------------------------------


def test_a_renamed_gene_keeps_its_row_and_its_variants(replace, load):
    replace(GENE_INFO, "OLDNAME\t\tprotein-coding\t\tENSG01")
    load([{"gene": "OLDNAME", "rsid": "rs1"}])
    replace(GENE_INFO, "NEWNAME\tOLDNAME\tprotein-coding\t\tENSG01")
    assert Variant.objects.get().gene.symbol == "NEWNAME"
    assert Gene.objects.values_list("symbol", "variant_count", "listed").get() == ("NEWNAME", 1, True)


def test_a_name_that_only_a_file_gave_becomes_the_gene_that_the_table_knows_by_it(replace, load):
    load([{"gene": "OLDNAME", "rsid": "rs1"}])
    replace(HGNC, "HGNC:1\tNEWNAME\t\t\t\tOLDNAME\t")
    variant = Variant.objects.get()
    assert (variant.gene.symbol, list(variant.genes.values_list("symbol", flat=True))) == ("NEWNAME", ["NEWNAME"])
    assert Gene.objects.values_list("symbol", "variant_count").get() == ("NEWNAME", 1)


def test_a_name_that_two_genes_of_the_table_share_stays_its_own(replace, load):
    load([{"gene": "SHARED", "rsid": "rs1"}])
    replace(GENE_INFO, "ONE\tSHARED\t\t\t", "TWO\tSHARED\t\t\t")
    assert Variant.objects.get().gene.symbol == "SHARED"
    assert Gene.objects.filter(listed=False).get().symbol == "SHARED"


def test_a_name_that_only_a_file_gave_becomes_listed_when_the_table_has_it(replace, load):
    load([{"gene": "braf", "rsid": "rs1"}])
    replace(GENE_INFO, "BRAF\t\t\t\t")
    assert Gene.objects.values_list("symbol", "listed", "variant_count").get() == ("BRAF", True, 1)


def test_genes_with_variants_stay_and_others_go(replace, load):
    replace(GENE_INFO, "USED\tUSED1\t\t\t", "UNUSED\t\t\t\t")
    load([{"gene": "USED", "rsid": "rs1"}])
    replace(GENE_INFO, "BRAF\t\t\t\t")
    assert dict(Gene.objects.values_list("symbol", "listed")) == {"USED": False, "BRAF": True}
    assert names_of("USED") == [("symbol", "USED")]
    assert Variant.objects.get().gene.symbol == "USED"


def test_a_symbol_twice_in_a_table_is_one_gene(replace):
    replace(GENE_INFO, "BRAF\tONE\t\t\t", "braf\tTWO\t\t\t")
    assert Gene.objects.count() == 1
    assert GeneName.objects.filter(kind="symbol").count() == 1


def test_replacing_by_the_same_table_changes_nothing(replace):
    table = [HGNC, "HGNC:1\tBRAF\tB-Raf\tprotein-coding gene\tBRAF1\tOLD1\tENSG01"]
    replace(*table)
    before = list(Gene.objects.values())
    replace(*table)
    assert list(Gene.objects.values()) == before


# --- reading by name ---------------------------------------------------------------------------------


def test_an_approved_symbol_is_never_read_as_another_genes_alias(make_gene):
    make_gene("AR", aliases=("KD",))
    make_gene("OTHER", aliases=("AR",))
    assert [gene.symbol for gene in Gene.objects.named("ar")] == ["AR"]
    assert [gene.symbol for gene in Gene.objects.named(" kd ", "")] == ["AR"]


def test_genes_of_a_panel(make_gene):
    for symbol in ("A1", "B1", "C1"):
        make_gene(symbol, aliases=(f"{symbol}X",))
    assert sorted(gene.symbol for gene in Gene.objects.named("a1", "B1x", "nobody")) == ["A1", "B1"]


# --- while typing ------------------------------------------------------------------------------------


def symbols(text: str, **options) -> list[str]:
    return [found["symbol"] for found in suggest(text, **options)]


def test_suggestions_come_exact_first_then_with_variants_then_the_rest(make_gene):
    make_gene("AB1")
    make_gene("ABC")
    make_gene("EXALIAS", aliases=("AB",))
    make_gene("EXPREVIOUS", previous=("AB",))
    make_gene("AB", variant_count=0)
    make_gene("ABUSED", variant_count=3)
    make_gene("USEDALIAS", aliases=("ABX",), variant_count=900)
    assert symbols("ab") == ["AB", "EXALIAS", "EXPREVIOUS", "ABUSED", "USEDALIAS", "AB1", "ABC"]


def test_a_gene_is_suggested_once_by_its_best_name(make_gene):
    make_gene("BRCA1", name="BRCA1 DNA repair", aliases=("BRCC1", "BRCAI"), previous=("BROLD",), variant_count=4)
    assert suggest("br") == [
        {"symbol": "BRCA1", "name": "BRCA1 DNA repair", "match": "BRCA1", "kind": "symbol", "variant_count": 4}
    ]
    assert [(s["match"], s["kind"]) for s in suggest("brcc")] == [("BRCC1", "alias")]
    assert [(s["match"], s["kind"]) for s in suggest("BROLD")] == [("BROLD", "previous")]


def test_genes_that_share_a_name_are_all_suggested(make_gene):
    for symbol in ("ONE", "TWO", "THREE"):
        make_gene(symbol, aliases=("Shared",))
    assert sorted(symbols("shared")) == ["ONE", "THREE", "TWO"]


@pytest.mark.parametrize("letter", ["%", "_", "*", "\\", "?", "'", ".", "["])
def test_no_letter_is_a_wildcard(make_gene, letter):
    make_gene("AB1")
    make_gene(f"A{letter}1")
    assert symbols(f"a{letter}") == [f"A{letter}1"]


def test_suggestions_stop_at_the_limit(make_gene):
    for n in range(12):
        make_gene(f"AB{n}")
    assert len(symbols("ab", limit=5)) == 5


def test_a_gene_that_only_a_file_names_is_suggested_too(load):
    load([{"gene": "Unheard", "rsid": "rs1"}])
    assert [(s["symbol"], s["variant_count"]) for s in suggest("unh")] == [("Unheard", 1)]
