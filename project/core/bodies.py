"""Request bodies that arrive slowly hold at most half of the web server's threads, and none of them for ever.

A thread that reads a body waits until the bytes have come; a handful of clients that send a byte a second would
hold them all. So a request needs a *place* for as long as its body has not arrived in full; who finds none is
answered 503. A body that keeps its thread waiting for less than the least rate is answered 408.

granian tells a WSGI application neither how much of a body is there nor which connection it comes from, and its
`read` cannot be interrupted. Hence a watch that looks at the connections of the process and ends the stalled one.
"""

import contextlib
import io
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import BadRequest

from project.common import sockets

SMALL_BYTES = 64 * 1024
PATIENCE_S = 0.25  # a read that takes longer waits for its client; shorter ones may only wait for the processor
LOOK_S = 0.5
RETRY_AFTER_S = 5
ENVIRON_KEY = "vardesk.body"


class BodyRefused(BadRequest):
    """The body will not be read to its end; str() is fit for the client."""

    status = 400


class NoPlace(BodyRefused):
    status = 503


class TooSlow(BodyRefused):
    status = 408


class Places:
    """For whom threads may wait at one time: `most` requests, the last place being kept for a small body."""

    def __init__(self, most: int, *, timeout_s: float, least_rate: int) -> None:
        """`least_rate`: bytes a second; a body that brings less for `timeout_s` is given up."""
        self.most = most
        self.timeout_s = timeout_s
        # Asked for at once: for whatever takes longer than `timeout_s` the rate is too low.
        self.piece_bytes = max(1, min(int(least_rate * timeout_s), 1 << 20))
        self._held: set[Body] = set()
        self._changed = threading.Condition()
        self._watch: threading.Thread | None = None

    def take(self, body: "Body") -> bool:
        """Whether there was a place. Those that are only being read, not waited for, are free in a moment."""
        give_up = time.monotonic() + PATIENCE_S
        with self._changed:
            while not self._has_room_for(body):
                now = time.monotonic()
                if now >= give_up or all(each.waits_s(now) > PATIENCE_S for each in self._held):
                    return False
                self._changed.wait(PATIENCE_S / 10)
            self._held.add(body)
            self._be_watched()
        return True

    def leave(self, body: "Body") -> None:
        with self._changed:
            if body in self._held:
                self._held.remove(body)
                self._changed.notify_all()

    def _has_room_for(self, body: "Body") -> bool:
        if len(self._held) >= self.most:
            return False
        large = sum(each.length > SMALL_BYTES for each in self._held)
        return body.length <= SMALL_BYTES or large < max(1, self.most - 1)

    def _be_watched(self) -> None:
        """From the first body on: a server may fork between the import and that."""
        if self._watch is None or not self._watch.is_alive():
            self._watch = threading.Thread(target=self._look_on, name="slow-bodies", daemon=True)
            self._watch.start()

    def _look_on(self) -> None:
        while True:
            time.sleep(min(LOOK_S, self.timeout_s / 4))
            with self._changed:
                held = list(self._held)
            end_stalled(held, self.timeout_s, self.piece_bytes)


class Body(io.RawIOBase):
    """The body of one request, read from `stream` as it arrives. Raises BodyRefused instead of an end too soon."""

    def __init__(
        self, stream: Any, length: int, places: Places, *, client: str = "", port: int = 0, connection: Any = None
    ) -> None:
        """`client`: its address, `port`: ours; `connection`: the socket, where the server tells."""
        self.length = length
        self.client = client
        self.port = port
        self.connection = connection
        self.refusal: BodyRefused | None = None
        self.reading_since: float | None = None
        self.first_look: tuple[float, dict[int, sockets.Connection]] | None = None
        self._longest_wait_s = 0.0
        self._stream = stream
        self._left = length
        self._places = places
        self._has_place = False
        self._fetched = io.BytesIO()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """At least one byte, unless all have been read."""
        if not (data := self._fetched.read(len(buffer))):
            data = self._next(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def fetch(self) -> None:
        """Wait for all of it, and keep it in memory."""
        pieces = []
        while data := self._next(self.length):
            pieces.append(data)
        self._fetched = io.BytesIO(b"".join(pieces))

    def let_go(self) -> None:
        """Nothing more will be read. gunicorn would read the rest before the next request, and hold the thread."""
        if self._has_place:
            self._has_place = False
            self._places.leave(self)
        if self._left:
            self.end_connection()

    def end_connection(self) -> None:
        """What is to come is not received any more; does nothing where the connection is not known."""
        if self.connection is not None:
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RD)

    def waits_s(self, now: float) -> float:
        """How long the read that goes on at `now` has taken so far."""
        since = self.reading_since
        return now - since if since is not None else 0.0

    def _next(self, most: int) -> bytes:
        if self.refusal:
            raise self.refusal
        if not self._left:
            return b""
        if not self._has_place and not self._places.take(self):
            raise self._refuse(NoPlace("The server is busy with other uploads. Try again in a moment."))
        self._has_place = True
        data = self._wait_for(min(most, self._left, self._places.piece_bytes))
        if not data:
            raise self._refuse(self._reason_of_the_end())
        self._left -= len(data)
        if not self._left:
            self.let_go()
        return data

    def _wait_for(self, size: int) -> bytes:
        self.reading_since = time.monotonic()
        try:
            return self._stream.read(size)
        except OSError:  # gunicorn's, when the client is gone
            return b""
        finally:
            self._longest_wait_s = max(self._longest_wait_s, time.monotonic() - self.reading_since)
            self.reading_since = None

    def _reason_of_the_end(self) -> BodyRefused:
        # A little less: the end of another stalled one may have been the end of this one, too.
        if self._longest_wait_s > 0.9 * self._places.timeout_s:
            return TooSlow(f"The request arrived too slowly: nothing much came for {self._places.timeout_s:g} s.")
        return BodyRefused(f"The request ended {self._left:,} bytes too soon.")

    def _refuse(self, refusal: BodyRefused) -> BodyRefused:
        self.refusal = refusal
        self.let_go()
        return refusal


def end_stalled(bodies: Iterable[Body], timeout_s: float, least_bytes: int) -> None:
    """Let the reads that have taken longer than `timeout_s` come to an end."""
    now = time.monotonic()
    waiting = [body for body in bodies if body.waits_s(now) > min(LOOK_S, timeout_s / 4)]
    seen = sockets.connections() if waiting else {}
    for body in waiting:
        since = body.reading_since
        if since is None:
            continue
        if body.first_look is None or body.first_look[0] != since:
            body.first_look = (since, seen)
        elif now - since > timeout_s:
            if body.connection is not None:
                body.end_connection()
            else:
                sockets.stop_receiving(stalled_connections(body, body.first_look[1], seen, least_bytes))


def stalled_connections(
    body: Body, before: dict[int, sockets.Connection], now: dict[int, sockets.Connection], least_bytes: int
) -> set[int]:
    """The connections of the same client that brought less than `least_bytes` in between and took nothing away.

    One of them is the stalled one. The others are idle, and a server may end those at any time. Our own
    connections to a database on the same machine have another port.
    """
    return {
        number
        for number, then in before.items()
        if (still := now.get(number))
        and (still.client, still.port) == (body.client, body.port)
        and still.received - then.received < least_bytes
        and still.sent == then.sent
        and not still.is_sending
    }


def guard_bodies(application: Callable[..., Any], places: Places) -> Callable[..., Any]:
    """A WSGI application whose `wsgi.input` is a Body. BodyMiddleware answers when that is refused."""

    def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if length := length_of(environ):
            body = Body(
                environ["wsgi.input"],
                length,
                places,
                client=environ.get("REMOTE_ADDR", ""),
                port=int(environ["SERVER_PORT"]),
                connection=environ.get("gunicorn.socket"),
            )
            environ[ENVIRON_KEY] = body
            environ["wsgi.input"] = io.BufferedReader(body, SMALL_BYTES)
        return application(environ, start_response)

    return guarded


def length_of(environ: dict[str, Any]) -> int:
    """Of the body; 0 where Django, too, finds no number: Python reads none of more than 4,300 digits, be they zeros."""
    text = environ.get("CONTENT_LENGTH", "")
    try:
        return int(text) if text.isdecimal() else 0
    except ValueError:
        return 0
