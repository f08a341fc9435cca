"""The host and the port of a command line: numbers, or names that are looked up."""

from __future__ import annotations

import errno
import os

from supervise import errors
from supervise.drivers import dnsconfig, lookups
from supervise.errors import unable_to
from supervise.formats import address, number, qualify
from supervise.unix import rawsocket, sockets
from supervise.unix.sockets import End


def port_number(port: str) -> int:
    """A port by its number or by the name of its service."""
    found = number.port(port)
    if found is not None:
        return found
    try:
        return rawsocket.getservbyname(port, "tcp")
    except (OSError, UnicodeError):
        raise errors.Failure(f"unable to figure out port number for {port}") from None


def scope_of(interface: str | None) -> int:
    """The number of an interface; 0 without one."""
    if not interface:
        return 0
    with unable_to(f"find interface {interface}"):
        try:
            return sockets.interface_index(interface)
        except OSError:
            raise OSError(errno.ENXIO, interface) from None


def find(
    host: str, port: int, ipv6: bool, both: bool = False, interface: str | None = None
) -> list[End]:
    """The ends that a host and a port mean: one at least, IPv4 first.

    `both` wants the IPv6 addresses also of a host that has IPv4 ones. `interface` is that of
    link-local addresses which do not name their own («fe80::1%eth0»).
    """
    scope = scope_of(interface)
    name, _, zone = host.partition("%")
    literal = address.parse(os.fsencode(name).strip(b"[]")) if ":" in name else None
    if literal is None:
        found = look_up(host, ipv6, both)
    else:
        found = [literal] if ipv6 else []
        scope = scope_of(zone) or scope
    if not found:
        raise errors.Failure(f"no IP address for {host}")
    return [End(ip, port, scope if len(ip) == 16 else 0) for ip in found]


def look_up(host: str, ipv6: bool, both: bool) -> list[bytes]:
    try:
        return addresses(os.fsencode(host), ipv6, both, lookups.deadline())
    except OSError as error:
        reason = errors.reason(error)
        raise errors.Failure(
            f"temporarily unable to figure out IP address for {host}: {reason}"
        ) from error


def addresses(host: bytes, ipv6: bool, both: bool, until: float) -> list[bytes]:
    """The addresses of the first of a host's names that has any."""
    for name in qualify.alternatives(host, dnsconfig.rewriting()):
        found = address.literals(name)
        if found is None:
            found = addresses_of_name(name, ipv6, both, until)
        if found:
            return found
    return []


def addresses_of_name(name: bytes, ipv6: bool, both: bool, until: float) -> list[bytes]:
    from supervise.drivers import resolver

    return resolver.addresses_of_name(name, ipv6, both, until)
