"""One spelling for each name, in Python and in SQL alike; nothing that changes what a name means."""

import json

import duckdb
import pytest
from django.conf import settings
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as how
from hypothesis import strategies as st

from variants import nomenclature as names
from variants.normalising import MACROS

SHARED = settings.BASE_DIR.parent / "shared" / "data" / "hgvs"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("c.5266dupC", "c.5266dup"), ("nm_007294.4:C.5266DUPC", "NM_007294.4:c.5266dup"), ("NM_007294.4:c.5266 dup", "NM_007294.4:c.5266dup"),
        ("NM_007294.4(BRCA1):c.5266dup", "NM_007294.4:c.5266dup"), ("BRCA1(NM_007294.4):c.5266dup", "NM_007294.4:c.5266dup"),
        ("c.1521_1523delCTT", "c.1521_1523del"), ("c.1521_1523del3", "c.1521_1523del"), ("c.781-3_781delCAGA", "c.781-3_781del"),
        ("c.1077_1077+1delGGinsCAC", "c.1077_1077+1delinsCAC"), ("c.-1_1delAC", "c.-1_1del"), ("c.*97_*100delTCAA", "c.*97_*100del"),
        ("c.4145_4160inv16", "c.4145_4160inv"), ("g.64804546T=", "g.64804546="), ("c.1-5c>t", "c.1-5C>T"), ("c.123\u20135G>A", "c.123-5G>A"),
        ("g.123delAinsG", "g.123A>G"), ("BRCA1:c.101dupA", "BRCA1:c.101dup"), ("LRG_199T1:c.11t>g", "LRG_199t1:c.11T>G"),
        ("NC_012920.1:g.3243A>G", "NC_012920.1:m.3243A>G"), ("NC_012920.1(MT-TL1):m.3243A>G", "NC_012920.1:m.3243A>G"),
        ("p.(Gly12Asp)", "p.Gly12Asp"), ("p.G12D", "p.Gly12Asp"), ("p.val600glu", "p.Val600Glu"), ("p.W26*", "p.Trp26Ter"), ("p.W26X", "p.Trp26Ter"),
        ("p.L747fs", "p.Leu747fs"), ("p.L747fs*12", "p.Leu747fsTer12"), ("p.(R97Pfs*23)", "p.Arg97ProfsTer23"), ("p.Gly25TrpfsTer10", "p.Gly25TrpfsTer10"),
        ("p.M1?", "p.Met1?"), ("p.(=)", "p.="), ("p.F508F", "p.Phe508="), ("p.Phe508Phe", "p.Phe508="), ("p.*110Qext*17", "p.Ter110GlnextTer17"),
        ("p.M1ext-5", "p.Met1ext-5"), ("p.L747_P753delinsS", "p.Leu747_Pro753delinsSer"), ("p.K2_G3insQSK", "p.Lys2_Gly3insGlnSerLys"),
    ],
)  # fmt: skip
def test_the_one_spelling(text, canonical):
    assert names.canonical(text) == canonical


@pytest.mark.parametrize("text", [
    "c.76_77delinsTT", "c.5_6delABC", "c.5_6delACG", "c.100+5_200-3delACGT", "c.316_*342delA", "c.589GG>CT", "c.(1_2)del", "c.[76A>C;283G>C]",
    "NC_000023.11(NM_004006.2):c.1813dup", "NM_004006.2:c.123+45_123+51TSDinsL1", "c.54_110GCA[23]", "p.Glu1000_Ser1003?fs", "p.[Val600Glu];[=]",
    "p.K5insGly7", "p.Val600Stop", "BRCA1", "", "17-43057062-T-TG", "c.9_5delACGTA", "c.5_6dupACinsT", "p.V600E(het)",
])  # fmt: skip
def test_what_is_uncertain_stays_as_it_is_written(text):
    assert names.canonical(text) == text


@pytest.mark.parametrize(("text", "gene"), [
    ("NM_007294.4(BRCA1):c.1A>G", "BRCA1"), ("BRCA1(NM_007294.4):c.1A>G", "BRCA1"), ("NM_1.1(GENE_v001):c.1A>G", "GENE"),
    ("NC_000023.11(NM_004006.2):c.1A>G", ""), ("NM_007294.4:c.1A>G", ""),
])  # fmt: skip
def test_the_gene_beside_an_accession(text, gene):
    assert names.gene_beside(text) == gene


@pytest.mark.parametrize(
    ("text", "allele"),
    [
        ("NC_000017.11:g.43057062A>G", ("NC_000017.11", 43057061, "A", "G")),
        ("nc_000017.11(BRCA1):g.43057062a>g", ("NC_000017.11", 43057061, "A", "G")),
        ("NC_000007.14:g.100_102delCTTinsGA", ("NC_000007.14", 99, "CTT", "GA")),
        ("NC_000007.14:117559590:TCT:", ("NC_000007.14", 117559590, "TCT", "")),
        ("NC_000013.11:20003010:0:G", ("NC_000013.11", 20003010, "", "G")), ("NC_000013.11:20003010:0:", None),
        ("NC_000019.10:44908821:1:T", None),  # which base is deleted?
        ("NC_000019.10:44908821:C:C", None), ("NC_000007.14:g.100_102delinsGA", None), ("NC_000007.14:g.100_102delCTT", None),
        ("NC_000007.14:g.100_101insTTG", None), ("NC_000007.14:g.100_102dupCTT", None), ("NC_000007.14:g.100_102delCTinsGA", None),
        ("NC_000007.14:g.100_102delCTTinsCTTA", None),  # an insertion in truth: in a repeat it lies in several places
        ("NC_000007.14:g.0A>G", None), ("NG_007400.1:g.8638G>T", None), ("NM_004333.6:c.1799T>A", None),
    ],
)  # fmt: skip
def test_the_allele_that_a_name_states_without_a_reference(text, allele):
    assert names.exact(text) == (names.Exact(*allele) if allele else None)


# --- one meaning in SQL and in Python ----------------------------------------------------------------


@pytest.fixture(scope="module")
def db():
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(MACROS)
        yield connection


IN_SQL = """
SELECT canonical_name(t), plain_name(t), is_name(plain_name(t)), coalesce(gene_beside(t), ''),
  coalesce(exact_of_name(plain_name(t), canonical_name(t)), CASE WHEN is_spdi(squeezed(t)) THEN exact_of_spdi(squeezed(t)) END),
  CASE WHEN is_of_chromosome(squeezed(t)) THEN [chromosome_named(squeezed(t)), change_named(squeezed(t))] END
FROM (SELECT unnest($texts::VARCHAR[]) AS t)
"""


def in_python(text: str) -> tuple:
    exact, there = names.exact(text), names.of_chromosome(text)
    allele = exact and {
        "accession": exact.accession,
        "start0": exact.start0,
        "del": exact.deleted,
        "ins": exact.inserted,
    }
    return (
        names.canonical(text), names.plain(text), names.is_name(text), names.gene_beside(text), allele, list(there) if there else None,
    )  # fmt: skip


def assert_alike(db, texts: list[str]) -> None:
    for text, found in zip(texts, db.execute(IN_SQL, {"texts": texts}).fetchall(), strict=True):
        assert found == in_python(text), text
        assert names.canonical(found[0]) == found[0], text


def texts_in(value) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for part in parts for text in texts_in(part)]


def test_sql_reads_every_name_of_the_shared_files_as_python_does(db):
    if not SHARED.is_dir():
        pytest.skip("the shared files are not here")
    texts: set[str] = set((SHARED / "random_valid_hgvs.txt").read_text().splitlines())
    for path in SHARED.glob("*.jsonl"):
        texts.update(text for line in path.read_text().splitlines() for text in texts_in(json.loads(line)))
    assert len(texts) > 9000
    assert_alike(db, sorted(texts))


_number = st.integers(1, 120).map(str)
_position = st.builds(
    "".join, st.tuples(st.sampled_from(["", "", "-", "*"]), _number, st.sampled_from(["", "", "+1", "-2", "+10"]))
)
_bases = st.text("ACGTNacgtRu", max_size=5)
_change = st.builds(
    "".join,
    st.tuples(
        _position, st.one_of(st.just(""), _position.map("_{}".format)), st.sampled_from(["del", "dup", "ins", "inv", "DEL", ""]),
        st.one_of(_bases, _number), st.sampled_from(["", "ins", ">", "=", "[3]"]), _bases,
    ),
)  # fmt: skip
_residue = st.sampled_from([*names.AMINO_ACIDS, *names.AMINO_ACIDS.values(), "Xaa", "gly", "VAL", ""])
_protein = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "("]), _residue, _number, st.sampled_from(["", "_K9", "_Gly12"]), _residue,
        st.sampled_from(["", "fs", "fs*", "fsTer", "FSX", "del", "dup", "delins", "ins", "ext*", "ext-", "=", "?"]),
        st.one_of(_residue, _number, st.just("QSK")), st.sampled_from(["", ")"]),
    ),
)  # fmt: skip
_reference = st.sampled_from(
    [
        "",
        "NM_1.2:",
        "nm_1.2:",
        "NM_1(GENE):",
        "GENE(NM_1.1):",
        "NC_012920.1:",
        "NC_000017.11:",
        "LRG_1T1:",
        "chr17:",
        "M:",
        "BRAF:",
        "ENST01.2 :",
    ]
)
_generated = st.one_of(
    st.builds("".join, st.tuples(_reference, st.sampled_from(["c.", "g.", "C.", "m.", "n."]), _change)),
    st.builds("".join, st.tuples(_reference, st.sampled_from(["p.", "P.", ""]), _protein)),
    st.builds(":".join, st.tuples(st.sampled_from(["NC_000007.14", "NM_1.1"]), _number, st.one_of(_bases, _number, st.just("0")), _bases)),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12),
)  # fmt: skip


# Not shrunk: a case is a list, and the message names the text that differs.
@how(
    deadline=None,
    max_examples=30,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(texts=st.lists(_generated, min_size=40, max_size=80))
def test_sql_reads_generated_names_as_python_does(db, texts):
    assert_alike(db, texts)
