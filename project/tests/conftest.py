"""Real servers in folders that are hard on them: 150 characters, spaces, closed to other users."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from project.console import QuietConsole
from project.embedded.place import outside_folder
from project.embedded.state import URL_NAMES
from project.processes import Family
from project.services import Services, services


@contextlib.contextmanager
def awkward_var_dir(*, is_private: bool) -> Iterator[Path]:
    """A VAR_DIR to be; where it is private, root's servers cannot enter it and have their files elsewhere."""
    base = Path(tempfile.mkdtemp(prefix="vardesk test "))
    base.chmod(0o700 if is_private else 0o711)
    var_dir = base / ("a long name " * 12).strip() / "var"
    var_dir.parent.mkdir()
    try:
        yield var_dir
    finally:
        shutil.rmtree(base)
        for folder in (outside_folder(var_dir), outside_folder(var_dir).with_suffix(".old")):
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running(var_dir: Path) -> Iterator[Services]:
    """Embedded servers on `var_dir`, whatever the environment names (an empty URL is none)."""
    with pytest.MonkeyPatch.context() as patch:
        for name in URL_NAMES:
            patch.setenv(name, "")
        with services(Family(QuietConsole()), var_dir) as found:
            yield found


@pytest.fixture
def var_dir() -> Iterator[Path]:
    with awkward_var_dir(is_private=False) as path:
        yield path


@pytest.fixture(params=[False, True], ids=["open", "private"])
def each_var_dir(request: pytest.FixtureRequest) -> Iterator[Path]:
    with awkward_var_dir(is_private=request.param) as path:
        yield path


def processes_with(text: str) -> list[str]:
    """The command lines of this machine's processes that hold `text`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [line for line in found if text in line]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
