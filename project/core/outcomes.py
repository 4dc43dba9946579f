"""How an attempt at a job ends, other than by getting it done."""

import errno

import psycopg2
from django.db import Error as DatabaseError
from django.db import connection

DISK_FULL = "53100"
# Connection exceptions; shut down, crashed, starting up; slept too long in a transaction.
CONNECTION_ENDED = ("08", "57P", "25P03")


class Cancelled(Exception):
    """The person asked to stop."""


class TakenOver(Exception):
    """Another worker has this job now; this one must not write any more."""


class JobError(Exception):
    """The work cannot be done; str() is fit for the person who asked for it."""


class Resting(Exception):
    """This attempt is over and the job is not: others do its last parts, and go on with it."""


def sentence(error: Exception) -> str:
    """What the person who asked for the work is told of `error`; nothing of our own mistakes but their kind."""
    if isinstance(error, JobError | Cancelled):
        return str(error)
    if getattr(error.__cause__ or error, "pgcode", None) == DISK_FULL:
        return "The disk of the database is full, and nothing was kept. Make room there, then try again."
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk that holds files is full, and nothing was kept. Make room there, then try again."
    return f"Something in Vardesk went wrong ({type(error).__name__}). The log of the worker has the details."


def has_lost_database(error: Exception) -> bool:
    """Whether `error` is that of a connection which is no more: PostgreSQL was stopped, restarted or killed.

    The error says it: at the end of a transaction Django connects anew, and the connection in hand may be a good one.
    """
    if not isinstance(error, DatabaseError | psycopg2.Error):
        return False
    cause = error.__cause__ if isinstance(error.__cause__, psycopg2.Error) else error
    if code := getattr(cause, "pgcode", None):
        return code.startswith(CONNECTION_ENDED)
    is_of_connection = isinstance(cause, psycopg2.OperationalError | psycopg2.InterfaceError)  # the server said nothing
    return is_of_connection or not connection.is_usable()
