"""Who may send what to whom: rcpthosts, badmailfrom, RELAYCLIENT and the names for our own
addresses."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from supervise.formats import smtp

Names = frozenset[bytes]
NONE: Names = frozenset()


class Verdict(Enum):
    """What is to become of a recipient."""

    ACCEPTED = "it is accepted"
    REFUSED = "it is not ours"
    ASK = "the second list decides"


class Policy(NamedTuple):
    """The rules of one session; names are in lower case.

    `relay` is appended to every recipient, all of which are accepted then; None without it.
    `hosts` are the domains that mail is accepted for, None for all of them; `more_hosts` says
    whether a second list, kept outside, is asked too. `local_name` takes the place of those of
    our own `addresses` (four bytes each) that are written as a domain.
    """

    relay: bytes | None = None
    hosts: Names | None = None
    more_hosts: bool = False
    bad_senders: Names = NONE
    local_name: bytes | None = None
    addresses: Names = NONE


def localised(policy: Policy, address: bytes) -> bytes:
    """With `user@[127.0.0.1]` rewritten to the name of this host."""
    domain = smtp.domain(address)
    if policy.local_name is None or domain is None or smtp.literal(domain) not in policy.addresses:
        return address
    return address.removesuffix(domain) + policy.local_name


def bars(policy: Policy, sender: bytes) -> bool:
    """Whether the list of bad senders has the address, or «@» and its domain."""
    lowered = sender.lower()
    domain = smtp.domain(lowered)
    named = domain is not None and b"@" + domain in policy.bad_senders
    return named or lowered in policy.bad_senders


def judge(policy: Policy, recipient: bytes) -> Verdict:
    domain = smtp.domain(recipient)
    if policy.relay is not None or policy.hosts is None or domain is None:
        return Verdict.ACCEPTED
    names = host_names(domain)
    if not policy.hosts.isdisjoint(names):
        return Verdict.ACCEPTED
    return Verdict.ASK if names and policy.more_hosts else Verdict.REFUSED


def host_names(domain: bytes) -> tuple[bytes, ...]:
    """What to look for in a list of hosts: the domain, and every end of it that begins with
    a dot; nothing for an empty domain."""
    lowered = domain.lower()
    dots = [start for start in range(1, len(lowered)) if lowered[start : start + 1] == b"."]
    return tuple(lowered[start:] for start in [0, *dots] if lowered)
