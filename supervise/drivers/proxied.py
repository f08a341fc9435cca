"""A connection that comes through a proxy: the header that it begins with, read and no more."""

from __future__ import annotations

import socket

from supervise.errors import Failure, reason
from supervise.formats import proxyheader
from supervise.formats.proxyheader import Ends
from supervise.unix import deadlines


def ends(connection: socket.socket, patience: float, proxy: str) -> Ends | None:
    """The client's end and ours, as the header tells; None where it leaves that to the socket.

    Failure where in so many seconds there comes no header, or none that can be understood.
    """
    try:
        return read(connection, deadlines.after(patience))
    except TimeoutError:
        why = "timed out"
    except EOFError:
        why = "connection closed"
    except ValueError:
        why = "protocol error"
    except OSError as error:
        why = reason(error)
    raise Failure(f"unable to read PROXY header from {proxy}: {why}")


def read(connection: socket.socket, deadline: float) -> Ends | None:
    header = b""
    while more := proxyheader.missing(header):
        connection.settimeout(deadlines.left(deadline))
        block = connection.recv(more)
        if not block:
            raise EOFError
        header += block
    return proxyheader.parse(header)
