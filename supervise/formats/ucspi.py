"""What the program of a server or a client finds in its environment.

Source: cr.yp.to/proto/ucspi.txt, and the TCP6 names of ucspi-tcp's IPv6 patch.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from supervise.formats.tcplog import Connection

Variable = tuple[bytes, bytes | None]  # None: to be removed


def variables(connection: Connection, protocol: bytes, interface: bytes | None) -> list[Variable]:
    """The variables of a server's connection; `protocol` is TCP or TCP6, `interface` that of a
    link-local client."""
    return [
        *classic(connection, protocol),
        *((b"TCP6" + name, long(name, value)) for name, value in facts(connection)),
        (b"TCP6INTERFACE", interface),
    ]


def classic(connection: Connection, protocol: bytes) -> list[Variable]:
    """The variables that clients and servers both have."""
    return [
        (b"PROTO", protocol),
        *((b"TCP" + name, value) for name, value in facts(connection)),
    ]


def facts(connection: Connection) -> Iterator[Variable]:
    yield b"LOCALIP", connection.local_ip
    yield b"LOCALPORT", b"%d" % connection.local_port
    yield b"LOCALHOST", connection.local_host
    yield b"REMOTEIP", connection.remote_ip
    yield b"REMOTEPORT", b"%d" % connection.remote_port
    yield b"REMOTEHOST", connection.remote_host
    yield b"REMOTEINFO", connection.remote_info


def long(name: bytes, value: bytes | None) -> bytes | None:
    """The IPv6 form of a variable: an IPv4 address mapped, all else as it is."""
    if value is not None and name.endswith(b"IP") and b":" not in value:
        return b"::ffff:" + value
    return value
