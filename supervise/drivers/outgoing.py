"""One connection of tcpclient, once it is made: from its socket to the program's environment and
descriptors."""

from __future__ import annotations

import os
import socket

from supervise import errors
from supervise.drivers import environment
from supervise.errors import unable_to
from supervise.formats import address, ucspi
from supervise.formats.tcplog import Connection
from supervise.unix import descriptors, sockets
from supervise.unix.sockets import End

READING, WRITING = 6, 7  # of the program. Source: cr.yp.to/proto/ucspi.txt


class Settings:
    """What tcpclient was told about the connection."""

    telling = False
    at_once = False
    local_name: bytes | None = None  # None: look it up
    remote_names = True
    identify = True
    patience = 26  # seconds for the identity
    as_ipv6 = False


def close_descriptors() -> None:
    """Close what the program will have as the network, whoever left it open."""
    os.closerange(READING, WRITING + 1)


def prepare(settings: Settings, connection: socket.socket) -> dict[bytes, bytes]:
    """Make the connection the program's descriptors; returns its environment."""
    if settings.at_once:
        sockets.send_at_once(connection)
    facts = find_out(settings, connection)
    protocol = b"TCP6" if b":" in facts.remote_ip else b"TCP"
    hand_over(connection)
    return environment.changed(os.environb, ucspi.classic(facts, protocol))


def find_out(settings: Settings, connection: socket.socket) -> Connection:
    shape = address.long if settings.as_ipv6 else address.short
    with unable_to("get local address"):
        local = sockets.end(connection.getsockname())
    with unable_to("get remote address"):
        remote = sockets.end(connection.getpeername())
    local_name = name_of(local) if settings.local_name is None else settings.local_name
    remote_ip = address.text(shape(remote.ip))
    if settings.telling:
        shown = remote_ip.decode("ascii")
        errors.diagnose(f"tcpclient: connected to {shown} port {remote.port}")
    return Connection(
        local_name,
        address.text(shape(local.ip)),
        local.port,
        name_of(remote) if settings.remote_names else None,
        remote_ip,
        user_of(settings, local, remote),
        remote.port,
    )


def name_of(end: End) -> bytes | None:
    """The name of an address: empty where it has none (tcpserver has no variable then, the original
    of this program has), None where it could not be learnt."""
    from supervise.drivers import resolver

    try:
        return resolver.name_of(end.ip) or b""
    except OSError:
        return None


def user_of(settings: Settings, local: End, remote: End) -> bytes | None:
    if not settings.identify:
        return None
    from supervise.drivers import identity

    return identity.ask(local, remote, settings.patience)


def hand_over(connection: socket.socket) -> None:
    with unable_to(f"set up descriptor {READING}"):
        descriptors.move(connection.detach(), READING)
    with unable_to(f"set up descriptor {WRITING}"):
        os.dup2(READING, WRITING)
