import sys

if sys.version_info < (3, 11):  # noqa: UP036  said here, before a module that an older one cannot read
    sys.exit(f"vardesk: Python 3.11 or newer is needed; {sys.executable} is {sys.version.split()[0]}.")

from project.celery import app as celery_app

__all__ = ["celery_app"]
