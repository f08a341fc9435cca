"""Names and addresses from the DNS, and from nothing else: /etc/hosts is not consulted.

The originals wait up to a minute for a silent server, for one question after the other, while the
connection holds one of the slots. Here all that is to be known at once is asked at once, and
whoever asks says until when he will wait.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from supervise.drivers import dnsmessage, nameservers
from supervise.formats import address, domain
from supervise.unix.together import Together


async def name_of(ip: bytes, until: float) -> bytes | None:
    """The first name that the reversed address points to; None where there is none."""
    for record in await ask(address.reverse_labels(ip), "PTR", until):
        return domain.text(record.target.labels[:-1])
    return None


async def confirms(name: bytes, ip: bytes, until: float) -> bool:
    """Whether a name leads back to the address that has it.

    An address as text leads to itself, whoever owns it, and so confirms nothing.
    """
    if address.literals(name) is not None:
        return False
    packed = address.short(ip)
    return packed in await addresses_of(name, "A" if len(packed) == 4 else "AAAA", until)


def addresses_of_name(name: bytes, ipv6: bool, both: bool, until: float) -> list[bytes]:
    """The addresses of a full name, IPv4 first; empty where there are none.

    The IPv6 ones count where there are no IPv4 ones, or where `both` are wanted; all that are found
    are to be tried then, so they come in random order.
    """
    kinds = ("A", "AAAA") if ipv6 else ("A",)
    with Together([addresses_of(name, kind, until) for kind in kinds]) as asked:
        found = in_order(asked.answer(0), both)
        if ipv6 and (both or not found):
            found += in_order(more_addresses(asked, found), both)
    return found


def in_order(addresses: list[bytes], at_random: bool) -> list[bytes]:
    return sorted(addresses, key=lambda _: os.urandom(8)) if at_random else addresses


def more_addresses(asked: Together[list[bytes]], known: list[bytes]) -> list[bytes]:
    """The IPv6 addresses of a name; trouble is none where other addresses are known."""
    try:
        return asked.answer(1)
    except OSError:
        if not known:
            raise
        return []


async def addresses_of(name: bytes, kind: str, until: float) -> list[bytes]:
    """The addresses of a name; `kind` is A or AAAA."""
    family = socket.AF_INET if kind == "A" else socket.AF_INET6
    records = await ask(domain.labels(name), kind, until)
    return [socket.inet_pton(family, record.address) for record in records]


async def ask(labels: tuple[bytes, ...], kind: str, until: float) -> list[Any]:
    """The records of that kind, whatever aliases lead to them.

    Raises OSError: ETIMEDOUT when nobody answered, EAGAIN when nobody could, EPROTO for what is no
    name, or leads nowhere.
    """
    answer = await nameservers.answer(dnsmessage.query(labels, kind), until)
    return dnsmessage.records(answer)
