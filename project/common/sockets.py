"""The TCP connections of this process, as the kernel knows them (Linux; elsewhere there seem to be none)."""

import contextlib
import os
import socket
import stat
import struct
import sys
from collections.abc import Iterator
from typing import NamedTuple

SO_COOKIE = 57
# Where Linux keeps them in its `struct tcp_info` (since 4.6): bytes, as unsigned numbers of 4 and 8 bytes.
_UNACKED, _BYTES_ACKED, _BYTES_RECEIVED, _NOT_SENT, _SIZE = 24, 120, 128, 144, 148


class Connection(NamedTuple):
    client: str  # its address, without port
    port: int  # ours
    received: int  # bytes since it was opened
    sent: int  # bytes that the other end has acknowledged
    is_sending: bool  # there are bytes on their way, or waiting for the other end to take them


def connections() -> dict[int, Connection]:
    """By the kernel's number for each, which no other connection ever gets."""
    return {_cookie(each): seen for each in _sockets() if (seen := _look_at(each))}


def stop_receiving(cookies: set[int]) -> None:
    """Whoever reads from these connections reads their end; what is to be sent can still be sent."""
    for each in _sockets():
        with contextlib.suppress(OSError):
            if _cookie(each) in cookies:
                each.shutdown(socket.SHUT_RD)


def _sockets() -> Iterator[socket.socket]:
    """Each open socket under a descriptor of our own, which nobody else can close and use for something else."""
    if sys.platform != "linux":
        return
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                continue
            with socket.socket(fileno=os.dup(int(name))) as found:
                if found.family in (socket.AF_INET, socket.AF_INET6):
                    yield found


def _cookie(found: socket.socket) -> int:
    return int.from_bytes(found.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8), sys.byteorder)


def _look_at(found: socket.socket) -> Connection | None:
    """None for what is not connected, and on a kernel that says less."""
    try:
        client, port = found.getpeername()[0], found.getsockname()[1]
        info = found.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SIZE)
    except OSError:
        return None
    if len(info) < _SIZE:
        return None
    acked, received = struct.unpack_from("=QQ", info, _BYTES_ACKED)
    (unacked,), (not_sent,) = struct.unpack_from("=I", info, _UNACKED), struct.unpack_from("=I", info, _NOT_SENT)
    return Connection(client, port, received, acked, bool(unacked or not_sent))
