"""Keys of the access rules: the spelling of IPv6 addresses, and the order of looking up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from struct import Struct

from supervise.formats import address, cidr

PART = re.compile(rb"[.:]")
GROUPS = Struct(">8H")
IPV6_PREFIX = re.compile(
    rb"(?:[0-9a-f]{1,4}:){1,7}\Z"
    rb"|(?:[0-9a-f]{1,4}:)*(?:[0-9a-f]{1,4})?::(?:[0-9a-f]{1,4}:)+\Z"
    rb"|::ffff:(?:[0-9]{1,3}\.){1,3}\Z"
)


def keys(
    ip: bytes, host: bytes | None, info: bytes | None, lengths: Iterable[int] = ()
) -> Iterator[bytes]:
    """The keys that may hold a client's rule, best first.

    `host` and `info` are None where they are not known; known but empty is something else.
    `lengths` are those of the CIDR ranges that have rules.
    """
    if info is not None:
        yield info + b"@" + ip
        if host is not None:
            yield info + b"@=" + host
    yield ip
    if host is not None:
        yield b"=" + host
    yield from prefixes(ip, lengths)
    if host is not None:
        yield from suffixes(host)
        yield b"="
    yield b""


def prefixes(ip: bytes, lengths: Iterable[int]) -> list[bytes]:
    """The starts and the CIDR ranges together, longest first; of equals the start."""
    ranges = cidr.covering(ip, lengths)
    if not ranges:
        return starts_of(ip)
    ranked = [(bits(start, ip), start) for start in starts_of(ip)] + ranges
    return [key for _, key in sorted(ranked, key=lambda prefix: -prefix[0])]


def starts_of(ip: bytes) -> list[bytes]:
    """«1.2.3.», «1.2.», «1.»; of an IPv6 address the same at its colons."""
    starts = [ip[: match.end()] for match in PART.finditer(ip)][::-1]
    packed = address.parse_ipv6(ip) if b":" in ip and b"." not in ip else None
    if packed is None:
        return starts
    groups = [b"%x:" % group for group in GROUPS.unpack(packed)]
    # The short spelling alone would hide clients from a rule: of 2001:db8:0:1:a:b:c:d, which is
    # spelt 2001:db8::1:a:b:c:d, the start 2001:db8:0:1: is no start any more.
    starts += [b"".join(groups[:count]) for count in range(len(groups) - 1, 0, -1)]
    return list(dict.fromkeys(sorted(starts, key=lambda start: -bits(start, ip))))


def bits(start: bytes, ip: bytes) -> int:
    """How many bits of the address a start speaks of."""
    if b"." in start:
        return 8 * start.count(b".") + (96 if b":" in start else 0)
    if b"::" not in start:
        return 16 * start.count(b":")
    rest = ip[len(start) :]
    after = rest.count(b":") + 1 if rest else 0
    return 128 - 16 * (after + (b"." in rest))  # a dotted quad at the end is two groups


def suffixes(host: bytes) -> Iterator[bytes]:
    """«=.b.c», «=.c» of «a.b.c»."""
    for at, byte in enumerate(host):
        if byte == ord("."):
            yield b"=" + host[at:]


def ipv6(text: bytes) -> bytes:
    """An IPv6 address as tcpserver spells it, or the start of one; ValueError
    where it is neither."""
    if IPV6_PREFIX.match(text.lower()):
        return re.sub(rb"\b0+(?=[0-9a-f])", b"", text.lower())
    packed = address.parse_ipv6(text)
    if packed is None:
        raise ValueError(text)
    return address.text(packed)
