"""What the supervisor needs of the settings, without Django: the environment first, then `.env`."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import environ

BASE_DIR = Path(__file__).resolve().parent.parent


def load_dotenv(path: Path = BASE_DIR / ".env") -> None:
    """Put what `path` sets into the environment; a variable that is already there wins."""
    if path.is_file():
        environ.Env.read_env(str(path))


def var_dir() -> Path:
    """VAR_DIR as an absolute path; a relative one counts from the project's folder, as in the settings."""
    return (BASE_DIR / Path(os.environ.get("VAR_DIR") or "var").expanduser()).absolute()


def web_threads() -> int:
    """How many requests are answered at one time; each thread keeps a database connection."""
    return int(os.environ.get("WEB_THREADS") or 8)


def broker_beside(redis_url: str) -> str:
    """The next database of the same Redis: clearing the cache must not clear the queue."""
    parts = urlsplit(redis_url)
    number = parts.path.strip("/") or "0"
    if parts.scheme not in ("redis", "rediss") or not number.isdigit():
        return redis_url
    return parts._replace(path=f"/{int(number) + 1}").geturl()
