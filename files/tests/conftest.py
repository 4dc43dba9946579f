import io
import os
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

from files import actions, importing
from files.import_asked import Asked
from files.models import DataFile
from project.core import jobs
from project.core.models import Job

# The same examples in every run; `HYPOTHESIS_PROFILE=thorough` looks for new ones, for minutes.
settings.register_profile("ci", derandomize=True, max_examples=60, deadline=None)
settings.register_profile("thorough", max_examples=3_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True)
def _folders_of_this_test(own_folders) -> None:
    pass


@pytest.fixture
def owner(make_user) -> Any:
    return make_user("olga")


@pytest.fixture
def stranger(make_user) -> Any:
    return make_user("simon")


@pytest.fixture
def staff(make_user) -> Any:
    return make_user("stella", is_staff=True)


@pytest.fixture
def upload(owner) -> Callable[..., DataFile]:
    """`upload("a,b\\n1,2\\n")` stores a file of `owner` and queues its reading."""

    def upload(content: str | bytes, *, name: str = "table.csv", **more: Any) -> DataFile:
        data = content.encode() if isinstance(content, str) else content
        return actions.upload(name=name, chunks=[data], by=more.pop("by", owner), **more)

    return upload


@pytest.fixture
def read(upload) -> Callable[..., DataFile]:
    """`read("a,b\\n1,2\\n")` stores a file and does its `read` job, whatever comes of it."""

    def read(content: str | bytes, **more: Any) -> DataFile:
        file = upload(content, **more)
        return do_read(file)

    return read


@pytest.fixture
def load(read):
    """`load(text)` uploads, reads and imports a VCF; the job, over."""

    def load(text: str, **asked):
        job = do_import(read(text, name="t.vcf"), **{"assembly": "GRCh38"} | asked)
        assert job.state == "succeeded", job.error
        return job

    return load


def read_job(file: DataFile) -> Job:
    return Job.objects.get(file_id=file.pk, kind="read")


def do_read(file: DataFile) -> DataFile:
    jobs.run_now(read_job(file))
    file.refresh_from_db()
    return file


def do_import(file: DataFile, **more: Any) -> Job:
    """Import a file that is ready; the job, over."""
    return jobs.run_now(importing.start_import(file, Asked(**more), by=file.owner))


def zip_of(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()
