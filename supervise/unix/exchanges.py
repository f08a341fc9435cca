"""Connect, send and receive on sockets that do not block, in a conversation beside others.

Everything raises TimeoutError when its monotonic deadline passes, OSError for other trouble.
"""

from __future__ import annotations

import errno
import os
import socket

from supervise.unix import sockets, together
from supervise.unix.sockets import End


def begin(place: End, kind: socket.SocketKind) -> socket.socket:
    """A socket to talk with such a place."""
    return socket.socket(sockets.family(place.ip), kind | socket.SOCK_NONBLOCK)


async def connect(talking: socket.socket, place: End, until: float) -> None:
    number = talking.connect_ex(sockets.address(place))
    if number == errno.EINPROGRESS:
        await together.writable(talking.fileno(), until)
        number = talking.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if number:
        raise OSError(number, os.strerror(number))


async def send(talking: socket.socket, block: bytes, until: float) -> None:
    """Send all of it."""
    while block:
        await together.writable(talking.fileno(), until)
        block = block[talking.send(block, socket.MSG_NOSIGNAL) :]


async def receive(talking: socket.socket, most: int, until: float) -> bytes:
    """What is there to be received, up to so many bytes; empty at the end."""
    while True:
        await together.readable(talking.fileno(), until)
        try:
            return talking.recv(most)
        except BlockingIOError:
            continue  # what was there is dropped: a datagram with a wrong checksum


async def receive_exactly(talking: socket.socket, size: int, until: float) -> bytes:
    """So many bytes; EOFError where the stream ends before."""
    block = b""
    while len(block) < size:
        more = await receive(talking, size - len(block), until)
        if not more:
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        block += more
    return block
