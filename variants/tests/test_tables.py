import re
from html.parser import HTMLParser

import pytest
from django.template.loader import render_to_string

from variants.classification import SLUGS
from variants.tables import (
    CLASSIFICATION_LABELS,
    allele,
    best_name,
    classification_pill,
    position,
    variant_name,
    variant_table,
)

NULLABLE = ["assembly", "chrom", "pos", "ref", "alt", "gene", "transcript", "hgvs_c", "hgvs_p", "hgvs_g", "rsid",
            "consequence", "last_evaluated"]  # fmt: skip


def make_row(**fields):
    given = {"url": "/variants/7/", "names": [], "classification": "uncertain", "conflict": False, "record_count": 1}
    return dict.fromkeys(NULLABLE) | given | fields


def text_of(html):
    """What a person sees or copies: the text without the tags."""
    found = []
    parser = HTMLParser()
    parser.handle_data = found.append
    parser.feed(html)
    return "".join(found)


def table(*rows, sort_links=None, show_assembly=False):
    return variant_table(rows, sort_links=sort_links or {}, show_assembly=show_assembly)


def test_position_is_copied_without_separators():
    html = position(43057062)
    assert html == '<span class="pos"><b>43</b><b>057</b><b>062</b></span>'
    assert text_of(html) == "43057062"


@pytest.mark.parametrize("show", [position, allele])
def test_nothing_is_an_empty_span(show):
    assert show(None) == '<span class="nil"></span>'


@pytest.mark.parametrize(
    ("bases", "shown"),
    [
        ("T", "T"),
        ("ACGTACGTACGT", "ACGTACGTACGT"),
        ("A" * 1203 + "T", "A…T (1,204 bp)"),
        ("<DEL>", "&lt;DEL&gt;"),
    ],
)
def test_allele(bases, shown):
    assert allele(bases).replace('<span class="quiet">', "").replace("</span>", "") == shown


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"chrom": "17", "pos": 43057062, "ref": "T", "alt": "TG"}, "17:43057062 T>TG"),
        ({"chrom": "X", "pos": 100, "ref": "AC", "alt": None}, "X:100 AC>-"),
        ({"chrom": "17", "pos": 100}, "17:100 no alleles"),
        ({"hgvs_c": "c.190T>G", "transcript": "NM_007294.4", "hgvs_p": "p.Cys64Gly"}, "NM_007294.4:c.190T>G"),
        ({"hgvs_c": "c.190T>G", "gene": "BRCA1"}, "BRCA1 c.190T>G"),
        ({"hgvs_p": "p.Cys64Gly", "gene": "BRCA1", "rsid": "rs1"}, "BRCA1 p.Cys64Gly"),
        ({"hgvs_g": "NC_000017.11:g.5del", "hgvs_c": "c.1A>G"}, "NC_000017.11:g.5del"),
        ({"rsid": "rs80357906"}, "rs80357906"),
        ({"names": ["VCV000017677"]}, "VCV000017677"),
        ({}, "Unnamed variant"),
    ],
)
def test_variant_name(fields, name):
    assert text_of(variant_name(make_row(**fields))) == name


def test_best_name_takes_a_name_with_its_kind():
    assert best_name(make_row(names=[{"kind": "clinvar", "name": "VCV000017677"}])) == "VCV000017677"


def test_every_classification_has_a_label_in_the_fixed_order():
    assert list(CLASSIFICATION_LABELS) == SLUGS


@pytest.mark.parametrize("conflict", [False, True])
@pytest.mark.parametrize("slug", [*SLUGS, "something_new"])
def test_pill_is_the_same_from_python_and_from_the_template(slug, conflict):
    context = {"slug": slug, "conflict": conflict}
    assert render_to_string("variants/_pill.html", context).strip() == classification_pill(slug, conflict)


def test_pill_is_never_colour_alone():
    assert text_of(classification_pill("likely_benign")) == "Likely benign"


def test_conflict_splits_the_pill():
    assert text_of(classification_pill("pathogenic", True)) == "Pathogenicconflict"
    assert text_of(classification_pill("conflicting", True)) == "Conflicting"


def test_row_leads_to_its_page():
    html = table(make_row(chrom="17", pos=5, ref="A", alt="C"))
    assert '<tr data-href="/variants/7/">' in html
    assert '<a href="/variants/7/">17:' in html


def test_names_are_shown_without_their_reference_sequence():
    html = table(make_row(hgvs_c="NM_007294.4:c.5266dup", hgvs_p="NP_009225.1:p.Gln1756fs"))
    assert '<td class="c-hgvs">c.5266dup <i>p.Gln1756fs</i></td>' in html


def test_gene_leads_to_its_variants():
    assert '<a href="?gene=HLA-A">HLA-A</a>' in table(make_row(gene="HLA-A"))
    assert '<a href="?gene=A%26B">A&amp;B</a>' in table(make_row(gene="A&B"))


def test_values_are_escaped():
    bad = "<script>alert('x')</script>"
    fields = ("chrom", "ref", "alt", "gene", "hgvs_c", "hgvs_p", "rsid", "consequence", "assembly", "url")
    html = table(make_row(**dict.fromkeys(fields, bad), pos=5), show_assembly=True)
    assert "<script" not in html
    assert "'x'" not in html
    assert "<script" not in table(make_row(names=[bad], classification=bad))


def test_numbers_have_separators_and_nulls_are_marked():
    html = table(make_row(record_count=1204))
    assert '<td class="c-claims">1,204</td>' in html
    assert '<td class="c-date"><span class="nil"></span></td>' in html


def test_assembly_is_a_column_only_when_asked_for():
    row = make_row(assembly="GRCh37")
    assert "GRCh37" not in table(row)
    assert '<td class="c-assembly">GRCh37</td>' in table(row, show_assembly=True)


@pytest.mark.parametrize(
    ("direction", "said"),
    [("asc", ' aria-sort="ascending"'), ("desc", ' aria-sort="descending"'), (None, "")],
)
def test_sorted_column_says_so(direction, said):
    html = table(sort_links={"position": {"url": "?a=1&ordering=-position", "direction": direction}})
    link = "?a=1&amp;ordering=-position"
    assert f'<th scope="col" class="c-variant"{said}><a class="sort" href="{link}" hx-get="{link}">' in html


def test_every_row_has_as_many_cells_as_the_head():
    for show_assembly in (False, True):
        html = table(make_row(), make_row(chrom="1", pos=2), show_assembly=show_assembly)
        widths = {len(re.findall("<t[hd] ", row)) for row in html.split("<tr")[1:]}
        assert widths == {8 + show_assembly}


def test_hgvs_gives_its_room_away_where_no_row_has_a_name():
    assert '<table class="vt no-hgvs"' in table(make_row(rsid="rs1"))
    assert '<table class="vt"' in table(make_row(rsid="rs1"), make_row(hgvs_p="p.Cys64Gly"))
