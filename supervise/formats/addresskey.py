"""Keys of the access rules: the spelling of IPv6 addresses, and the order of looking up."""

from __future__ import annotations

import re
from collections.abc import Iterator

PART = re.compile(rb"[.:]")
IPV6_PREFIX = re.compile(
    rb"(?:[0-9a-f]{1,4}:){1,7}\Z"
    rb"|(?:[0-9a-f]{1,4}:)*(?:[0-9a-f]{1,4})?::(?:[0-9a-f]{1,4}:)+\Z"
    rb"|::ffff:(?:[0-9]{1,3}\.){1,3}\Z"
)


def keys(ip: bytes, host: bytes | None, info: bytes | None) -> Iterator[bytes]:
    """The keys that may hold a client's rule, best first.

    `host` and `info` are None where they are not known; known but empty is something else.
    """
    if info is not None:
        yield info + b"@" + ip
        if host is not None:
            yield info + b"@=" + host
    yield ip
    if host is not None:
        yield b"=" + host
    yield from prefixes(ip)
    if host is not None:
        yield from suffixes(host)
        yield b"="
    yield b""


def prefixes(ip: bytes) -> Iterator[bytes]:
    """«1.2.3.», «1.2.», «1.»; of an IPv6 address the same at colons, in its short spelling."""
    for match in reversed(list(PART.finditer(ip))):
        yield ip[: match.end()]


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
    # Imported here: it costs 8 ms, and few rules are about IPv6.
    import ipaddress

    address = ipaddress.IPv6Address(text.decode("ascii"))
    if address.ipv4_mapped is not None:
        return b"::ffff:%s" % str(address.ipv4_mapped).encode()
    return str(address).encode()
