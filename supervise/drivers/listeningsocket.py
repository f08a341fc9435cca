"""The socket on which tcpserver listens: at one address, or at every address of this machine."""

from __future__ import annotations

import errno
import socket

from supervise import errors
from supervise.errors import unable_to
from supervise.unix import sockets
from supervise.unix.sockets import End

ANY_IPV4, ANY_IPV6 = bytes(4), bytes(16)
NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)  # not in the kernel; switched off there


def listen(place: End | None, port: int, backlog: int) -> socket.socket:
    """A listening socket at a place; None is every address, IPv6 and IPv4, of this machine."""
    listening = bind(End(ANY_IPV6, port) if place is None else place, port, place is None)
    try:
        with unable_to("listen"):
            listening.listen(min(backlog, sockets.MOST))
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening


def bind(place: End, port: int, or_ipv4: bool) -> socket.socket:
    try:
        with unable_to("create socket"):
            listening = sockets.unbound(sockets.family(place.ip))
        try:
            with unable_to("bind"):
                if len(place.ip) == 16:
                    sockets.serve_both_families(listening)
                listening.bind(sockets.address(place._replace(port=port)))
        except BaseException:
            listening.close()
            raise
    except errors.Failure as failure:
        if or_ipv4 and getattr(failure.__cause__, "errno", None) in NO_IPV6:
            return bind(End(ANY_IPV4, port), port, False)
        raise
    return listening


def port_of(listening: socket.socket) -> int:
    with unable_to("get local address"):
        return sockets.end(listening.getsockname()).port
