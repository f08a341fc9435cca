"""One connection of tcpclient, once it is made: from its socket to the program's environment and
descriptors."""

from __future__ import annotations

import os

from supervise import errors
from supervise.drivers import environment, lookups
from supervise.errors import unable_to
from supervise.formats import address, ucspi
from supervise.unix import descriptors, sockets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket

    from supervise.formats.tcplog import Connection

READING, WRITING = 6, 7  # of the program. Source: cr.yp.to/proto/ucspi.txt


class Settings(lookups.Settings):
    """What tcpclient was told about the connection."""

    no_name = b""  # tcpserver has no variable then, the original of this program has

    telling = False
    at_once = False
    as_ipv6 = False


def close_descriptors() -> None:
    """Close what the program will have as the network, whoever left it open."""
    os.closerange(READING, WRITING + 1)


def prepare(settings: Settings, connection: socket) -> dict[bytes, bytes]:
    """Make the connection the program's descriptors; returns its environment."""
    if settings.at_once:
        sockets.send_at_once(connection)
    facts = find_out(settings, connection)
    protocol = b"TCP6" if b":" in facts.remote_ip else b"TCP"
    hand_over(connection)
    return environment.changed(os.environb, ucspi.classic(facts, protocol))


def find_out(settings: Settings, connection: socket) -> Connection:
    shape = address.long if settings.as_ipv6 else address.short
    with unable_to("get local address"):
        local = sockets.end(connection.getsockname())
    with unable_to("get remote address"):
        remote = sockets.end(connection.getpeername())
    local, remote = (end._replace(ip=shape(end.ip)) for end in (local, remote))
    if settings.telling:
        shown = address.text(remote.ip).decode("ascii")
        errors.diagnose(f"tcpclient: connected to {shown} port {remote.port}")
    return lookups.find_out(settings, local, remote)


def hand_over(connection: socket) -> None:
    with unable_to(f"set up descriptor {READING}"):
        descriptors.move(connection.detach(), READING)
    with unable_to(f"set up descriptor {WRITING}"):
        os.dup2(READING, WRITING)
