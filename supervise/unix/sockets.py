"""TCP sockets: listening ones, and the two ends of one that is connected."""

from __future__ import annotations

from supervise.rawtyping import NamedTuple
from supervise.unix import rawsocket as socket

MOST = 2**31 - 1  # what an int holds
UNHEARD = 2**16  # bytes


class End(NamedTuple):
    """One end of a connection: 4 or 16 bytes of address, the port, the interface's index or 0."""

    ip: bytes
    port: int
    scope: int = 0


def family(ip: bytes) -> socket.AddressFamily:
    return socket.AF_INET if len(ip) == 4 else socket.AF_INET6


def end(address: tuple[str, int] | tuple[str, int, int, int]) -> End:
    """The end that the socket module's address means."""
    if len(address) == 2:
        return End(socket.inet_aton(address[0]), address[1])
    return End(socket.inet_pton(socket.AF_INET6, address[0].partition("%")[0]), *address[1::2])


def address(place: End) -> tuple[str, int] | tuple[str, int, int, int]:
    """The socket module's address of an end."""
    text = socket.inet_ntop(family(place.ip), place.ip)
    return (text, place.port) if len(place.ip) == 4 else (text, place.port, 0, place.scope)


def unbound(kind: socket.AddressFamily) -> socket.socket:
    """A socket that may take an address which connections of an earlier server still use."""
    from socket import socket as accepting_socket

    listening = accepting_socket(kind, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return listening


def serve_both_families(listening: socket.socket) -> None:
    """Let an IPv6 socket accept IPv4 clients too, whatever the machine's default is."""
    listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)


def forget_route(connection: socket.socket) -> None:
    """Drop the IP options of a connection, a source route among them."""
    try:
        connection.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"")
    except OSError:
        pass  # a socket without such options


def send_at_once(connection: socket.socket) -> None:
    """Do not hold small writes back to join them (TCP_NODELAY)."""
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        pass  # the client is gone, as the next write will find out


def part_with(connection: socket.socket, message: bytes) -> None:
    """Say what can be said without waiting, as last words.

    What the client has sent is taken first: closing with it unread would be a reset, which may
    overtake the message.
    """
    connection.setblocking(False)
    try:
        connection.recv(UNHEARD)
    except OSError:
        pass  # nothing there, or nobody
    try:
        connection.send(message)
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # gone: there is nobody to part with


def interface_index(name: str) -> int:
    return socket.if_nametoindex(name)


def interface_name(index: int) -> bytes:
    """The name of an interface; its number where it is gone meanwhile."""
    try:
        return socket.if_indextoname(index).encode()
    except OSError:
        return b"%d" % index
