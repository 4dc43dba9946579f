import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite(*(f"files.tests.faults.{name}" for name in ("bench", "looking", "servers")))

from files.tests.faults.bench import Bench  # noqa: E402


@pytest.fixture(autouse=True)
def _folders_of_this_test() -> None:
    """Those of the bench."""


@pytest.fixture(scope="session")
def bench(django_db_blocker, tmp_path_factory) -> Iterator[Bench]:
    """Servers and the template, for all tests of this process."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vardesk-faults-")))
        folder.chmod(0o711)  # root's PostgreSQL runs as a system user, which must pass through
        base = tmp_path_factory.getbasetemp()
        kept = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "faults-template"
        with open(kept.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            bench = Bench(folder, kept, django_db_blocker.unblock)
            stack.callback(bench.remove)
            bench.make_template(kept)
        yield bench


@pytest.fixture
def case(bench) -> Iterator[Bench]:
    """A database of its own and no process; afterwards nothing is left of what the test started."""
    with bench.tested_case():
        yield bench


@pytest.fixture(autouse=True)
def _logs(bench) -> Iterator[None]:
    """What the processes said stands beside a failure."""
    yield
    for path in sorted(bench.folder.glob("*.log")):
        print(f"--- {path.name}\n{path.read_text(errors='replace')[-6000:]}")
        path.unlink()
