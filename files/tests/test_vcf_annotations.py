"""Annotations of VEP, SnpEff and bcftools: an entry counts for the allele that it names, and for no other."""

import pytest

from files.tests.vcf_imports import claim, counted, info, names, vcf
from variants.models import Record

pytestmark = pytest.mark.django_db

VEP = "Allele|Consequence|IMPACT|SYMBOL|Feature|HGVSc|HGVSp|CANONICAL|MANE_SELECT|ALLELE_NUM"
SNPEFF = (
    "Functional annotations: 'Allele | Annotation | Annotation_Impact | Gene_Name | Gene_ID | Feature_Type | Feature_ID |"
    " Transcript_BioType | Rank | HGVS.c | HGVS.p '"
)


def test_vep_entries_are_those_of_the_allele_in_veps_own_spelling(load):
    """CTT is the padding base and two more: without it the alleles are `-`, `TT` becomes `TTA`."""
    meta = info(
        "CSQ", ".", "Consequence annotations from Ensembl VEP. Format: Allele|Consequence|SYMBOL|Feature|HGVSc|HGVSp"
    )
    load(vcf(
        "1 100 . CTT C,CTTA . . CSQ="
        "-|inframe_deletion|AAA1|NM_900001.1|NM_900001.1:c.5_6del|NP_900001.1:p.Leu2del,"
        "TTA|synonymous_variant|BBB2|NM_900002.1|NM_900002.1:c.9_10insA|NP_900002.1:p.Leu3%3D", meta=meta))  # fmt: skip
    first, second = claim(1), claim(2)
    assert (first.variant.hgvs_c, first.variant.consequence, first.named_genes) == (
        "NM_900001.1:c.5_6del",
        "inframe_deletion",
        ["AAA1"],
    )
    assert (second.variant.hgvs_p, second.variant.transcript, second.named_genes) == (
        "p.Leu3=",
        "NM_900002.1",
        ["BBB2"],
    )
    assert names(first) == {"NM_900001.1:c.5_6del", "NP_900001.1:p.Leu2del", "AAA1:p.Leu2del"}
    assert "NP_900002.1:p.Leu3=" in names(second)


def vep(*entries: str) -> str:
    return "CSQ=" + ",".join(entries)


def entry(
    allele: str, gene: str, number: str = "", canonical: str = "", mane: str = "", said: str = "missense_variant"
) -> str:
    return f"{allele}|{said}|MODERATE|{gene}|NM_{gene}.1|NM_{gene}.1:c.1A>G||{canonical}|{mane}|{number}"


META = info("CSQ", ".", f"Consequence annotations from Ensembl VEP. Format: {VEP}")


@pytest.mark.parametrize(
    ("alleles", "entries", "genes"),
    [
        ("A C,G", [entry("G", "G2"), entry("C", "C1")], ["C1", "G2"]),
        ("A C,AT", [entry("AT", "I2"), entry("C", "C1")], ["C1", "I2"]),  # first bases differ: nothing is cut
        ("CA C,CG,*", [entry("-", "D1"), entry("G", "S2"), entry("*", "STAR")], ["D1", "S2", None]),
        ("CA C,CAA,<NON_REF>", [entry("-", "D1"), entry("AA", "I2")], ["D1", "I2", None]),
        ("CAA C,CA", [entry("-", "D1", "1"), entry("-", "D2", "2")], ["D1", "D2"]),  # minimal; only the number tells
        ("CAA C,CA", [entry("-", "D1"), entry("-", "D2")], [None, None]),  # minimal; nothing tells
        ("G GA,A", [entry("A", "ANY")], [None, None]),  # minimal, of either
        ("A G", [entry("C", "C1"), entry("G", "G2")], ["G2"]),  # split after annotation
        ("A G", [entry("C", "C1", "1"), entry("G", "G2", "2")], ["G2"]),
        ("CA C", [entry("-", "D1"), entry("C", "D2")], [None]),  # the same; whose `-` is cannot be told
        ("A G", [entry("T", "T3")], [None]),
        ("A C,G", [entry("C", "C1")], ["C1", None]),
    ],
    ids=str,
)
def test_an_entry_counts_only_for_the_allele_that_it_names(load, alleles, entries, genes):
    job = load(vcf(f"1 100 . {alleles} . . {vep(*entries)}", meta=META))
    found = {claim.alt_index: claim.named_genes for claim in Record.objects.all()}
    assert [found.get(n) or None for n in range(1, len(genes) + 1)] == [[gene] if gene else None for gene in genes]
    real = [gene for gene, alt in zip(genes, alleles.split()[1].split(","), strict=True) if alt.isalpha()]
    assert any("is about other alleles" in note for note in job.result["notes"]) == (None in real)


def test_mane_goes_before_canonical_before_first_and_all_names_are_kept(load):
    entries = [entry("G", "FIRST"), entry("G", "CANON", canonical="YES"), entry("G", "MANE1", mane="NM_MANE1.1"),
               entry("G", "BESIDE", mane="NM_BESIDE.1", said="upstream_gene_variant")]  # fmt: skip
    load(vcf(f"1 100 . A G . . {vep(*entries)}", meta=META))
    assert claim().variant.hgvs_c == "NM_MANE1.1:c.1A>G"
    assert claim().named_genes == ["MANE1", "FIRST", "CANON"]
    assert names(claim()) == {f"NM_{gene}.1:c.1A>G" for gene in ("FIRST", "CANON", "MANE1", "BESIDE")}


def test_a_gene_beside_the_variant_is_named_where_none_is_hit(load):
    load(vcf(f"1 100 . A G . . {vep(entry('G', 'TERT', said='upstream_gene_variant'))}", meta=META))
    assert claim().named_genes == ["TERT"]


def test_snpeff_entries_are_those_of_the_allele_as_alt_writes_it(load):
    line = (
        "1 100 . CTT C,CTTA . . ANN="
        "CTTA|frameshift_variant|HIGH|BBB2|ENSG1|transcript|ENST00000000002|protein_coding|1/2|c.9_10insA|p.Leu3fs,"
        "C|inframe_deletion|MODERATE|AAA1|ENSG2|transcript|ENST00000000001|protein_coding|1/2|c.5_6delTT|p.Leu2del,"
        "C|intergenic_region|MODIFIER|AAA1-CCC3|ENSG2|intergenic_region|ENSG2-ENSG3|||n.100_101delTT|"
    )
    load(vcf(line, meta=info("ANN", ".", SNPEFF)))
    first, second = claim(1), claim(2)
    assert (first.variant.hgvs_c, first.variant.hgvs_p, first.named_genes) == (
        "ENST00000000001:c.5_6delTT",
        "p.Leu2del",
        ["AAA1"],
    )
    assert (second.variant.hgvs_c, second.variant.consequence) == ("ENST00000000002:c.9_10insA", "frameshift_variant")


def test_entries_without_alleles_count_on_lines_of_one_allele(load):
    meta = info(
        "BCSQ", ".", "Local consequence annotation from BCFtools/csq. Format: '[*]consequence|gene|transcript|biotype'"
    )
    load(vcf("1 100 . A G . . BCSQ=missense|AAA1|ENST00000000001|protein_coding", meta=meta))
    assert (claim().named_genes, claim().variant.consequence) == (["AAA1"], "missense")


def test_an_annotation_in_the_header_and_on_no_line_is_passed_over(load):
    assert counted(load(vcf("1 100 . A G . . .", meta=META)))["imported"] == 1
