"""Where the embedded servers keep their files, and as which system user they run.

An ordinary user's servers run as that user, inside VAR_DIR. PostgreSQL refuses to run as root, so root's
servers run as a system user; where that user cannot enter VAR_DIR, their files are in SYSTEM_FOLDER,
because nobody's folder is opened to others on our account.
"""

import hashlib
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from project.embedded.state import has_supervisor, lock_path, write_private
from project.processes import Account, StartError

SYSTEM_FOLDER = Path("/var/lib/vardesk")
OUTSIDE_NOTE = "servers-folder"  # in VAR_DIR: which folder of SYSTEM_FOLDER is its own
ACCOUNT_NAMES = ("vardesk", "postgres", "nobody")


@dataclass(frozen=True)
class Place:
    folder: Path
    account: Account | None = None  # None: as ourselves
    notes: tuple[str, ...] = ()

    def private_folder(self, name: str) -> Path:
        """A folder that only the servers' user can enter."""
        path = self.folder / name
        path.mkdir(mode=0o700, exist_ok=True)
        path.chmod(0o700)
        self.give(path)
        return path

    def give(self, path: Path) -> None:
        """Make the servers' user the owner of `path`."""
        if self.account:
            # Never through a link: the folder's owner could point one at any file of root's.
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)


def prepare_var_dir(var_dir: Path) -> None:
    """Make VAR_DIR and its `run` folder. Others cannot list it; root's servers can still pass through it."""
    try:
        if not var_dir.is_dir():
            var_dir.mkdir(parents=True)
            var_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
        run_folder = var_dir / "run"
        run_folder.mkdir(mode=0o700, exist_ok=True)
        run_folder.chmod(0o700)
        lock_path(var_dir).touch(mode=0o600)
        tempfile.TemporaryFile(dir=var_dir).close()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StartError(f"VAR_DIR {var_dir} cannot be written ({reason}); set another.") from error


def kept_password(path: Path) -> str:
    """The random password kept in `path` (mode 0600), made at the first call. It fits into a URL."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32))
    return path.read_text().strip()


def find_place(var_dir: Path) -> Place:
    """Files that are there already decide; else VAR_DIR where the servers' user can enter it."""
    var_dir = var_dir.resolve()
    if os.geteuid() != 0:
        return Place(var_dir)
    inside = var_dir / "postgres"
    if inside.exists() and inside.stat().st_uid != 0:
        return Place(var_dir, account_of(inside))
    account = first_account()
    outside = outside_folder(var_dir)
    check_not_moved(var_dir, outside)
    notes = set_aside_orphan(var_dir, outside)
    if not (outside / "postgres").exists() and can_enter(account, var_dir):
        return Place(var_dir, account, notes)
    passable_folder(SYSTEM_FOLDER)
    passable_folder(outside)
    write_private(var_dir / OUTSIDE_NOTE, str(outside))
    note = f"The user {account.name} cannot enter {var_dir}: PostgreSQL and Redis have their data in {outside}"
    return Place(outside, account, (*notes, note))


def outside_folder(var_dir: Path) -> Path:
    return SYSTEM_FOLDER / hashlib.sha256(os.fsencode(var_dir.resolve())).hexdigest()[:16]


def passable_folder(path: Path) -> None:
    """A folder of root's that others can pass through, not list; whatever the umask says."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o711)


def first_account() -> Account:
    for name in ACCOUNT_NAMES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    wanted = " or ".join(ACCOUNT_NAMES)
    raise StartError(f"PostgreSQL refuses to run as root; there must be a system user {wanted} to run it as.")


def account_of(path: Path) -> Account:
    status = path.stat()
    try:
        name = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        name = str(status.st_uid)
    return Account(name, status.st_uid, status.st_gid)


def can_enter(account: Account, path: Path) -> bool:
    """Whether `account` can pass through the folder, or run the file, `path`; the kernel knows about ACLs."""
    tried = subprocess.run(
        ["test", "-x", str(path)], user=account.uid, group=account.gid, extra_groups=[], cwd="/", check=False
    )
    return tried.returncode == 0


def check_not_moved(var_dir: Path, outside: Path) -> None:
    """A moved VAR_DIR must not start with an empty database while its own lies under the old name."""
    note = var_dir / OUTSIDE_NOTE
    noted = Path(note.read_text().strip()) if note.exists() else outside
    if noted != outside and noted.exists() and not outside.exists():
        raise StartError(f"{var_dir} was moved and its database is in {noted}; rename that folder to {outside}.")


def set_aside_orphan(var_dir: Path, outside: Path) -> tuple[str, ...]:
    """A VAR_DIR that was removed and made anew must not find the data of the old one, whose files are gone.

    The latest such data are kept beside, in case the removal was a mistake.
    """
    if not (outside / "postgres").exists() or (var_dir / OUTSIDE_NOTE).exists():
        return ()
    aside = outside.with_suffix(".old")
    shutil.rmtree(aside, ignore_errors=True)
    outside.rename(aside)
    return (f"The database of an earlier {var_dir} was moved to {aside}",)


def wipe(var_dir: Path) -> None:
    """Remove a VAR_DIR of ours with all its data, wherever they are."""
    if var_dir.exists() and any(var_dir.iterdir()) and not lock_path(var_dir).exists():
        raise StartError(f"{var_dir} does not look like a VAR_DIR, so it is not wiped.")
    if has_supervisor(var_dir):
        raise StartError(f"{var_dir} is in use, so it is not wiped.")
    if os.geteuid() == 0:
        shutil.rmtree(outside_folder(var_dir), ignore_errors=True)
    if var_dir.exists():
        shutil.rmtree(var_dir)
