"""A load that replaces or supersedes others, and what comes back when it is withdrawn."""

import pytest
from django.db import transaction

from project.core.models import AuditEntry
from variants.checking import check
from variants.loading import withdraw
from variants.models import ClassificationChange, DataVersion, Gene, Load, Record, Variant, VariantGene, slug_of

SNV = {"chrom": "7", "start": "100", "ref": "A", "alt": "T"}
OTHER = SNV | {"start": "200"}
JANUARY = [SNV | {"classification": "Pathogenic", "gene": "AAA"}, OTHER | {"classification": "Benign", "gene": "AAA"}]
FEBRUARY = [SNV | {"classification": "Benign", "gene": "AAA"}, SNV | {"start": "300", "gene": "AAA"}]


@pytest.fixture
def release(load):
    def of_clinvar(rows: list[dict], *earlier: Load, **more):
        done = load(rows, source="ClinVar", supersedes=tuple(one.pk for one in earlier), **more)
        for one in earlier:
            one.refresh_from_db()
        assert check().said == []
        return done

    return of_clinvar


def take_back(load: Load) -> list[int] | None:
    with transaction.atomic():
        back = withdraw(load)
    assert check().said == []
    return back


def said(pos: int) -> tuple:
    variant = Variant.objects.get(pos=pos)
    return slug_of(variant.classification), variant.conflict, variant.record_count


def changes() -> list[tuple]:
    found = ClassificationChange.objects.order_by("variant__pos", "pk")
    return [
        (pos, slug_of(before), slug_of(after), load)
        for pos, before, after, load in found.values_list("variant__pos", "before", "after", "load")
    ]


def test_two_releases_of_one_source_do_not_conflict_where_the_later_supersedes(release):
    january = release(JANUARY)
    february = release(FEBRUARY, january)
    assert (january.state, january.followed_by) == (Load.State.SUPERSEDED, february)
    assert [said(pos) for pos in (100, 200, 300)] == [
        ("benign", False, 1), ("not_provided", False, 0), ("not_provided", False, 1),
    ]  # fmt: skip
    assert list(Variant.objects.current().values_list("pos", flat=True)) == [100, 300]
    assert Record.objects.count() == 4
    assert Gene.objects.get(symbol="AAA").variant_count == 2
    assert f"Supersedes load {january.pk} (ClinVar)." in february.job.result["notes"]


def test_without_it_they_do(release):
    release(JANUARY)
    release(FEBRUARY)
    assert said(100) == ("conflicting", True, 2)


def test_one_change_for_each_variant_and_none_where_both_releases_say_the_same(release):
    january = release(JANUARY)
    february = release([*FEBRUARY, JANUARY[1] | {"comment": "again"}], january)
    assert changes() == [(100, "pathogenic", "benign", february.pk)]


def test_a_source_that_stays_counts_on(release, load):
    load([SNV | {"classification": "Pathogenic"}], source="our lab")
    january = release(JANUARY)
    release(FEBRUARY, january)
    assert said(100) == ("conflicting", True, 2)


def test_withdrawing_the_later_release_brings_the_earlier_one_back(release):
    january = release(JANUARY)
    before = [said(pos) for pos in (100, 200)]
    february = release(FEBRUARY, january)
    assert take_back(february) == [january.pk]
    january.refresh_from_db()
    assert (january.state, january.followed_by, february.state) == ("live", None, "withdrawn")
    assert [said(pos) for pos in (100, 200)] == before
    assert said(300) == ("not_provided", False, 0)
    assert Gene.objects.get(symbol="AAA").variant_count == 2
    assert AuditEntry.objects.on(january).filter(action="load restored").count() == 1


def test_of_three_releases_the_one_before_comes_back_and_no_other(release):
    january = release(JANUARY)
    february = release(FEBRUARY, january)
    march = release([SNV | {"classification": "VUS"}], february)
    assert take_back(march) == [february.pk]
    january.refresh_from_db()
    assert (january.state, january.followed_by) == ("superseded", february)
    assert said(100) == ("benign", False, 1)


def test_withdrawing_a_superseded_release_changes_nothing_that_readers_see(release):
    january = release(JANUARY)
    february = release(FEBRUARY, january)
    march = release([SNV | {"classification": "VUS"}], february)
    before = list(Variant.objects.order_by("pk").values())
    assert take_back(february) == []
    january.refresh_from_db()
    assert (january.state, january.followed_by) == ("superseded", march)
    assert list(Variant.objects.order_by("pk").values()) == before
    assert take_back(march) == [january.pk]


def test_the_same_file_read_otherwise_replaces_its_load_for_good(release):
    january = release(JANUARY)
    first = release(FEBRUARY, january, checksum="february")
    second = release([SNV | {"classification": "VUS"}], checksum="february", assembly="GRCh37")
    first.refresh_from_db()
    january.refresh_from_db()
    assert (first.state, first.followed_by, january.state, january.followed_by) == (
        "replaced", second, "superseded", second,
    )  # fmt: skip
    assert take_back(second) == [january.pk]
    first.refresh_from_db()
    assert first.state == "replaced"
    assert take_back(first) is None


def test_replacing_writes_one_change_for_a_variant_whose_class_changes_and_none_for_the_others(load):
    load(JANUARY, checksum="one")
    again = load([JANUARY[0] | {"classification": "VUS"}, JANUARY[1]], checksum="one", options={"mapping": {"a": "b"}})
    assert changes() == [(100, "pathogenic", "uncertain", again.pk)]
    assert check().said == []


def test_the_superseded_file_imported_again_is_live_again(release):
    january = release(JANUARY)
    release(FEBRUARY, january)
    again = release(JANUARY)
    assert (again.pk, again.state, again.followed_by) == (january.pk, "live", None)
    assert said(100) == ("conflicting", True, 2)


def test_a_load_that_is_not_live_any_more_is_not_superseded(release):
    january = release(JANUARY)
    take_back(january)
    february = release(FEBRUARY, january)
    assert (january.state, february.state) == ("withdrawn", "live")


def test_a_release_can_supersede_several(release):
    first, second = release(JANUARY), release([SNV | {"classification": "VUS"}])
    third = release(FEBRUARY, first, second)
    assert said(100) == ("benign", False, 1)
    assert take_back(third) == [first.pk, second.pk]
    assert said(100) == ("conflicting", True, 2)


def test_names_and_genes_that_only_a_superseded_release_gave_are_not_shown_any_more(release):
    january = release([SNV | {"gene": "OLD", "rsid": "rs1", "hgvs_c": "NM_000001.1:c.1A>T", "hgvs_p": "p.Met1Leu"}])
    february = release([SNV | {"gene": "NEW", "hgvs_c": "NM_000002.1:c.7A>T"}], january)
    variant = Variant.objects.get()
    shown = (variant.rsid, variant.hgvs_c, variant.transcript, variant.hgvs_p, variant.gene.symbol)
    assert shown == (None, "NM_000002.1:c.7A>T", "NM_000002.1", None, "NEW")
    assert list(VariantGene.objects.values_list("gene__symbol", "named")) == [("NEW", True)]
    assert list(Gene.objects.order_by("symbol").values_list("symbol", "variant_count")) == [("NEW", 1), ("OLD", 0)]
    take_back(february)
    variant = Variant.objects.get()
    assert (variant.rsid, variant.hgvs_c, variant.gene.symbol) == ("rs1", "NM_000001.1:c.1A>T", "OLD")


def test_a_gene_by_place_stays_where_the_claim_that_named_it_left(release, make_gene):
    make_gene("HERE", chrom="7", start=50, end=150)
    january = release([SNV | {"gene": "HERE"}])
    release([SNV | {"comment": "no gene"}], january)
    assert list(VariantGene.objects.values_list("gene__symbol", "named")) == [("HERE", False)]


def test_whatever_changes_the_data_raises_its_version(release):
    versions = []
    january = release(JANUARY)
    versions.append(DataVersion.objects.get().number)
    february = release(FEBRUARY, january)
    versions.append(DataVersion.objects.get().number)
    take_back(february)
    versions.append(DataVersion.objects.get().number)
    assert versions == sorted(set(versions))


def test_importing_again_takes_over_what_is_read_otherwise_today(release):
    first = release(JANUARY)
    Record.objects.filter(line=2).update(classification=11)  # as an earlier Vardesk read it
    Variant.objects.filter(pos=100).update(classification=11)
    release(JANUARY)
    assert said(100) == ("pathogenic", False, 1)
    assert Record.objects.filter(load=first).count() == 2


def test_what_was_changed_by_hand_is_found_and_mended(release):
    release(JANUARY)
    Variant.objects.filter(pos=100).update(record_count=7, classification=1)
    Gene.objects.update(variant_count=9)
    found = check(repair=True)
    assert (found.variants, found.genes) == (1, 1)
    assert "claims 7 kept, 1 true" in found.said[0]
    assert check().is_right
