"""What a process that reads files may know of its environment."""

import os

KEPT_VARIABLES = (
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE",
)  # fmt: skip


def harmless_environment() -> dict[str, str]:
    """Nothing secret: neither the database nor the keys."""
    # One thread: what numpy's library would start takes memory and does nothing here.
    return {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ} | {"OPENBLAS_NUM_THREADS": "1"}
