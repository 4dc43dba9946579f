"""What is known about a running supervisor: a lock that it holds and a file that says where its servers are.

Standard library only and nothing done at import: settings.py imports this.
"""

import contextlib
import fcntl
import glob
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

URL_NAMES = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL")


class AlreadyRunning(Exception):
    """Another supervisor holds this VAR_DIR; `pid` as it wrote it down, "" when it did not."""

    def __init__(self, pid: str) -> None:
        super().__init__(pid)
        self.pid = pid


def lock_path(var_dir: Path) -> Path:
    return var_dir / "run" / "supervisor.lock"


def services_path(var_dir: Path) -> Path:
    return var_dir / "run" / "services.json"


def open_private(name: str, flags: int) -> int:
    """An `opener` for open(): the new file can be read by its owner only."""
    return os.open(name, flags, 0o600)


def write_private(path: Path, text: str) -> None:
    """Replace `path` by `text`, mode 0600; after a crash it holds the old text or the new one, never half."""
    for half in path.parent.glob(f"{glob.escape(path.name)}.*.new"):  # of who was killed while writing
        half.unlink(missing_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    with open(temporary, "x", opener=open_private) as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)


@contextlib.contextmanager
def sole_supervisor(var_dir: Path) -> Iterator[None]:
    """Hold the lock of `var_dir`; the kernel lets it go when this process ends, however it ends."""
    with open(lock_path(var_dir), "a+", opener=open_private) as stream:
        take_lock(stream)
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield


def take_lock(stream: IO[str]) -> None:
    # `running_services` holds the lock for a few microseconds when it asks whether somebody does.
    for pause_s in (0.0, 0.01, 0.05, 0.2):
        time.sleep(pause_s)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
    stream.seek(0)
    raise AlreadyRunning(stream.read().strip())


def has_supervisor(var_dir: Path) -> bool:
    """Whether a supervisor runs on `var_dir`: it holds the lock. Process ids get used again."""
    try:
        with open(lock_path(var_dir)) as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def write_services(var_dir: Path, urls: dict[str, str]) -> None:
    write_private(services_path(var_dir), json.dumps(urls, indent=1))


def forget_services(var_dir: Path) -> None:
    services_path(var_dir).unlink(missing_ok=True)


def running_services(var_dir: Path) -> dict[str, str]:
    """The URLs of the servers of a running supervisor, by the names of the settings; {} when none runs."""
    if not has_supervisor(var_dir):
        return {}
    try:
        found = json.loads(services_path(var_dir).read_text())
    except (OSError, ValueError):
        return {}
    return {name: found[name] for name in URL_NAMES if name in found}
