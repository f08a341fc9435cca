"""Ask the client's machine which of its users a connection belongs to (RFC 1413)."""

from __future__ import annotations

import socket

from supervise.formats import ident
from supervise.unix import exchanges, sockets
from supervise.unix.sockets import End

PORT = 113
LONGEST_LINE = 4096  # bytes; the standard ends at 1000


async def ask(local: End, remote: End, until: float) -> bytes | None:
    """The user, empty where the machine answers without naming one; None where it does not answer
    in time.

    We ask from the address that the client connected to, because only this pair of addresses
    means something to its machine.
    """
    try:
        with exchanges.begin(remote, socket.SOCK_STREAM) as asking:
            asking.bind(sockets.address(local._replace(port=0)))
            await exchanges.connect(asking, remote._replace(port=PORT), until)
            await exchanges.send(asking, ident.request(remote.port, local.port), until)
            line = await read_line(asking, until)
    except OSError:
        return None  # refused, late, unreachable: this machine tells nothing
    return None if line is None else ident.user(line)


async def read_line(asking: socket.socket, until: float) -> bytes | None:
    """A line without its line feed; None where there is no end of it."""
    line = b""
    while len(line) < LONGEST_LINE:
        block = await exchanges.receive(asking, LONGEST_LINE - len(line), until)
        if not block:
            return None
        line += block
        head, found, _ = line.partition(b"\n")
        if found:
            return head
    return None
