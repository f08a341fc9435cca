"""Who may come in: limits on the clients of an address or a network, and on the machine's load.

A client is counted at two stages: -C counts those who have arrived, before anything is done for
them; the variables, which rules may set, count those who are served. Were there one stage only,
clients who are still being judged would count against each other, and all be refused though there
was room for some.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from supervise.formats import address
from supervise.formats.address import MAPPED
from supervise.formats.connlimits import IPV4, IPV6, Limit


class Refusal(NamedTuple):
    """What was found where, and the most that is allowed there."""

    name: str
    found: int
    most: int


class Verdict(NamedTuple):
    """Why a client is refused, or None; and how many connections its address has, this one
    included, where any limit is about that."""

    refusal: Refusal | None
    concurrency: int | None


def judge(limits: Sequence[Limit], ip: bytes, others: Sequence[bytes]) -> Verdict:
    """Whether one more may come from an address; the others are of 16 bytes each."""
    concurrency = None
    for limit in limits:
        found = 1 + neighbours(limit, ip, others)
        if (limit.ipv4, limit.ipv6) == (IPV4, IPV6):
            concurrency = found
        if found > limit.most:
            return Verdict(Refusal(limit.name, found, limit.most), concurrency)
    return Verdict(None, concurrency)


def neighbours(limit: Limit, ip: bytes, others: Sequence[bytes]) -> int:
    """How many of the others share with the address the bits that the limit is about; IPv4 and
    IPv6 have nothing in common, however few these bits are."""
    mine = address.long(ip)
    mapped = mine.startswith(MAPPED)
    rest = IPV4 - limit.ipv4 if mapped else IPV6 - limit.ipv6
    if not rest:
        return others.count(mine)
    network = int.from_bytes(mine) >> rest
    return sum(
        int.from_bytes(other) >> rest == network and other.startswith(MAPPED) == mapped
        for other in others
    )


def overload(load: float, most: int | None) -> Refusal | None:
    """Whether the load, of which the most is given in hundredths, is that high or higher."""
    found = round(load * 100)
    return Refusal("LOAD", found, most) if most is not None and found >= most else None
