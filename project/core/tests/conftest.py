import pytest

from project.core.models import Job


@pytest.fixture(autouse=True)
def _folders_of_this_test(own_folders) -> None:
    pass


@pytest.fixture
def make_job(db):
    """`make_job(state="running")`: a job of a task that does nothing here."""

    def make_job(**fields) -> Job:
        return Job.objects.create(**({"kind": "import", "title": "Import x.csv", "task": "test.nothing"} | fields))

    return make_job
