"""Ask the client's machine which of its users a connection belongs to (RFC 1413)."""

from __future__ import annotations

import socket

from supervise.formats import ident
from supervise.unix import deadlines, sockets
from supervise.unix.deadlines import left
from supervise.unix.sockets import End

PORT = 113
LONGEST_LINE = 4096  # bytes; the standard ends at 1000


def ask(local: End, remote: End, patience: float, port: int = PORT) -> bytes | None:
    """The user, empty where the machine answers without naming one; None where it does not answer.

    We ask from the address that the client connected to, because only this pair of addresses
    means something to its machine. `patience` in seconds is for connecting, writing and reading
    together.
    """
    deadline = deadlines.after(patience)
    try:
        with socket.socket(sockets.family(remote.ip), socket.SOCK_STREAM) as asking:
            asking.settimeout(left(deadline))
            asking.bind(sockets.address(local._replace(port=0)))
            asking.connect(sockets.address(remote._replace(port=port)))
            asking.settimeout(left(deadline))
            asking.sendall(ident.request(remote.port, local.port))
            line = read_line(asking, deadline)
    except OSError:
        return None  # refused, late, unreachable: this machine tells nothing
    return None if line is None else ident.user(line)


def read_line(asking: socket.socket, deadline: float) -> bytes | None:
    """A line without its line feed; None where the stream ends before that."""
    line = b""
    while len(line) < LONGEST_LINE:
        asking.settimeout(left(deadline))
        block = asking.recv(LONGEST_LINE)
        if not block:
            return None
        line += block
        head, found, _ = line.partition(b"\n")
        if found:
            return head
    return None
