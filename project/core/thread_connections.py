"""A thread that ends closes its database connections.

Django keeps a connection in the thread that opened it. When that thread ends, the wrapper is garbage in a cycle
of references, and the server's backend lives on until the collector happens to come by.
"""

import threading
import weakref
from contextlib import suppress
from typing import Any


class _ClosedAtTheEnd:
    def __init__(self, driver_connection: Any) -> None:
        self.driver_connection = driver_connection

    def __del__(self) -> None:
        with suppress(Exception):  # the interpreter may be going down
            self.driver_connection.close()


_of_this_thread = threading.local()


def close_with_thread(connection: Any, **kwargs: Any) -> None:
    """Receiver of Django's `connection_created`: what the same wrapper opens next takes its place.

    Kept by wrapper, not by alias: under an event loop Django gives a thread a second wrapper of the same alias,
    and the first one's connection is still in use.
    """
    kept = _of_this_thread.__dict__.setdefault("by_wrapper", weakref.WeakKeyDictionary())
    kept[connection] = _ClosedAtTheEnd(connection.connection)
