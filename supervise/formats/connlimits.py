"""Limits on connections as users write them: -c, -C, and the variables of the limits patch.

A limit of 0 refuses always, and so does whatever is no number; but a variable that is empty sets no
limit, so that a rule can lift for one client what the environment sets for all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from supervise.formats import number

MOST = 2**16  # connections, whatever -c says
IPV4, IPV6 = 32, 128  # the bits of an address
C_IPV4, C_IPV6 = 24, 64  # a class C network; what one customer has at least. Source: RFC 6177


class Limit(NamedTuple):
    """At most so many connections from the addresses that share their first bits with a client."""

    name: str
    most: int
    ipv4: int = IPV4
    ipv6: int = IPV6


class PerAddress(NamedTuple):
    """What -C says: how many connections an address may have, and what one more is told."""

    most: int
    message: bytes = b""

    @property
    def limit(self) -> Limit:
        return Limit("CONCURRENCY", self.most)


class Variables(NamedTuple):
    """What the variables say about a client."""

    load: int | None  # hundredths
    limits: list[Limit]
    message: bytes


def is_file(word: bytes) -> bool:
    """Whether the value of -c or -C is a file that holds it; the slash of a message does not
    count."""
    return b"/" in word.partition(b":")[0]


def line_of(file: bytes) -> bytes:
    """What such a file says, in its first line; ValueError where that begins with no digit."""
    line = file.partition(b"\n")[0]
    if not line[:1].isdigit():
        raise ValueError("no number")
    return line


def total(word: bytes) -> int:
    return number.leading(word.decode("latin1"))


def per_address(word: bytes) -> PerAddress:
    """«5», «5:421 too many\\\\r\\\\n»."""
    most, _, message = word.partition(b":")
    return PerAddress(total(most), unescape(message))


def unescape(text: bytes) -> bytes:
    """Two backslashes are one; a backslash and «n» or «r» are LF or CR."""
    return b"\\".join(
        part.replace(b"\\n", b"\n").replace(b"\\r", b"\r") for part in text.split(b"\\\\")
    )


def variables(get: Callable[[bytes], bytes | None]) -> Variables:
    """What MAXLOAD, MAXCONNIP, MAXCONNC, MAXCONNNET and DIEMSG say, looked up so."""
    load, limits, message = get(b"MAXLOAD"), [], get(b"DIEMSG")
    if most := get(b"MAXCONNIP"):
        limits.append(Limit("MAXCONNIP", total(most)))
    if most := get(b"MAXCONNC"):
        limits.append(Limit("MAXCONNC", total(most), C_IPV4, C_IPV6))
    if words := get(b"MAXCONNNET"):
        limits.append(network(words))
    return Variables(total(load) if load else None, limits, message + b"\r\n" if message else b"")


def network(words: bytes) -> Limit:
    """«16:200», «24/56:20», «/48:20»: the bits that IPv4 and IPv6 addresses share, and the most.

    Bits that are left out are those of MAXCONNC.
    """
    lengths, _, most = words.partition(b":")
    ipv4, _, ipv6 = lengths.decode("latin1").partition("/")
    bits4, bits6 = bits(ipv4, C_IPV4, IPV4), bits(ipv6, C_IPV6, IPV6)
    if bits4 is None or bits6 is None:
        return Limit("MAXCONNNET", 0)
    return Limit("MAXCONNNET", total(most), bits4, bits6)


def bits(word: str, default: int, most: int) -> int | None:
    """The length of a prefix; None where it is none."""
    length = number.whole(word) if word else default
    return None if length is None or length > most else length
