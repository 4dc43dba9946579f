import gzip

import pytest
from django.core.management import call_command

from files import actions
from files.management.commands import load_demo
from files.models import DataFile
from files.tests.conftest import do_read
from project.core.models import Job
from variants.models import Load, Variant

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = b"assembly\tchrom\tpos\tref\talt\nGRCh38\t17\t43057062\tT\tTG\n"


@pytest.fixture(autouse=True)
def sample(tmp_path, monkeypatch):
    path = tmp_path / "clinvar_demo.tsv.gz"
    path.write_bytes(gzip.compress(ROWS))
    monkeypatch.setattr(load_demo, "DEMO", path)
    return path


def test_the_sample_is_loaded_once():
    for _ in range(2):
        call_command("load_demo")
    assert (DataFile.objects.count(), Load.objects.count(), Variant.objects.count()) == (1, 1, 1)


@pytest.mark.parametrize("is_read", [False, True])
def test_what_a_killed_start_left_of_it_is_removed(sample, is_read):
    left = actions.upload(name=sample.name, chunks=[sample.read_bytes()], by=None)
    if is_read:
        do_read(left)
    else:
        Job.objects.get(file_id=left.pk).claim()  # and then it was killed
    call_command("load_demo")
    assert [file.state for file in DataFile.objects.exclude(pk=left.pk)] == ["ready"]
    assert not DataFile.objects.filter(pk=left.pk).exists()
    assert (Load.objects.count(), Variant.objects.count()) == (1, 1)


def test_a_file_of_a_person_stays(sample, owner):
    theirs = actions.upload(name=sample.name, chunks=[sample.read_bytes()], by=owner)
    call_command("load_demo")
    assert DataFile.objects.filter(pk=theirs.pk).exists()
