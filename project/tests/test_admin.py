"""Each model has an admin page that opens, also with rows in it."""

import pytest
from django.contrib import admin
from django.urls import reverse

from files.models import DataFile
from project.core.models import Job, record
from variants.models import Gene, Load, Record, Variant

OURS = [model for model in admin.site._registry if model._meta.app_label in {"core", "variants", "files", "stats"}]


@pytest.fixture
def some_rows(make_user):
    user = make_user("root", is_staff=True, is_superuser=True)
    load = Load.objects.create(label="a load", checksum="0" * 64, fingerprint="1" * 64, state="live")
    gene = Gene.objects.create(symbol="BRCA1")
    variant = Variant.objects.create(
        key="00000000-0000-0000-0000-000000000001", assembly="GRCh38", chrom="17", chrom_rank=17, pos=5, gene=gene
    )
    Record.objects.create(load=load, line=2, variant=variant)
    DataFile.objects.create(name="a.tsv", size=1, sha256="0" * 64, owner=user)
    record("tried", Job.objects.create(kind="read", title="t", task="x", owner=user), by=user)
    return user


def test_every_app_shows_its_models():
    assert {model._meta.app_label for model in OURS} == {"core", "variants", "files", "stats"}


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_list_and_search_open(client, some_rows, model):
    client.force_login(some_rows)
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    assert client.get(url).status_code == 200
    assert client.get(url, {"q": "1"}).status_code in {200, 302}


@pytest.mark.parametrize("model", [Variant, Load, Record, DataFile, Job, Gene], ids=lambda model: model._meta.label)
def test_one_row_opens(client, some_rows, model):
    client.force_login(some_rows)
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[model.objects.first().pk])
    assert client.get(url).status_code == 200


def test_who_is_not_staff_is_sent_to_the_login(client, make_user):
    client.force_login(make_user("ada"))
    assert client.get(reverse("admin:index")).status_code == 302
