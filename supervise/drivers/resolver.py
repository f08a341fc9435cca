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
from supervise.formats import address, domain, qualify, resolvconf
from supervise.unix import files
from supervise.unix.together import Together

REWRITE_FILE = b"/etc/dnsrewrite"


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


def addresses_of_host(host: bytes, ipv6: bool, both: bool, until: float) -> list[bytes]:
    """The addresses of a host that a user named, IPv4 first; empty where there are none.

    The IPv6 ones count where there are no IPv4 ones, or where `both` are wanted; all that are found
    are to be tried then, so they come in random order.
    """
    for name in qualify.alternatives(host, rewriting()):
        found = address.literals(name)
        if found is None:
            found = addresses_of_name(name, ipv6, both, until)
        if found:
            return found
    return []


def addresses_of_name(name: bytes, ipv6: bool, both: bool, until: float) -> list[bytes]:
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


def rewriting() -> list[qualify.Rule]:
    """The rules for a host's name, from the first place that has any."""
    path = os.environb.get(b"DNSREWRITEFILE", REWRITE_FILE)
    if files.exists(path):
        return qualify.parse(files.read_whole(path))
    named = os.environb.get(b"LOCALDOMAIN")
    # Every space counts: what is empty beside one is no domain, to be tried too.
    domains = None if named is None else named.split(b" ")
    if domains is None:
        domains = resolvconf.domains(nameservers.configuration())
    if domains is None:
        domains = [part for part in os.fsencode(socket.gethostname()).partition(b".")[2:] if part]
    return qualify.appending(domains)
