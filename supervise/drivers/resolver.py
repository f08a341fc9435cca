"""Names and addresses from the DNS, and from nothing else: /etc/hosts is not consulted.

The originals' own client asks from predictable ports, and waits up to a minute for a silent server
while the connection holds one of the slots. Here dnspython asks, each question has LIFETIME
seconds, and a failing server is not asked again. It is imported where a name is looked up: it costs
60 to 110 ms.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING, Any

from supervise.formats import address, domain, qualify, resolvconf
from supervise.unix import files

if TYPE_CHECKING:
    import dns.resolver

PORT = 53
LIFETIME = 5.0  # seconds for one question, all servers and repetitions together
TRY = 1.5  # seconds for one server
RESOLV_CONF = b"/etc/resolv.conf"
REWRITE_FILE = b"/etc/dnsrewrite"
LOCAL_SERVER = b"127.0.0.1"


def prepare() -> None:
    """Import what a look-up needs, and every type of record and message: an answer may hold or be
    any, and the library would otherwise look for its module then, when we may not read our own
    files, and once more for each connection."""
    import dns.rdata
    import dns.resolver
    import dns.update

    dns.rdata.load_all_types()  # type: ignore[no-untyped-call]


def known_name(ip: bytes) -> bytes | None:
    """The name of an address; None where it has none, or none that can be learnt now."""
    try:
        return name_of(ip)
    except OSError:
        return None


def name_of(ip: bytes) -> bytes | None:
    """The first name that the reversed address points to; None where there is none."""
    for record in ask(address.reverse_labels(ip), "PTR"):
        return domain.text(record.target.labels[:-1])
    return None


def confirms(name: bytes, ip: bytes) -> bool:
    """Whether a name leads back to the address that has it.

    An address as text leads to itself, whoever owns it, and so confirms nothing.
    """
    if address.literals(name) is not None:
        return False
    try:
        return address.short(ip) in addresses_of(
            name, "A" if len(address.short(ip)) == 4 else "AAAA"
        )
    except OSError:
        return False


def addresses_of_host(host: bytes, ipv6: bool, both: bool = False) -> list[bytes]:
    """The addresses of a host that a user named, IPv4 first; empty where there are none.

    The IPv6 ones are looked up where there are no IPv4 ones, or where `both` are wanted; all that
    are found are to be tried then, so they come in random order.
    """
    for name in qualify.alternatives(host, rewriting()):
        found = address.literals(name)
        if found is None:
            found = in_order(addresses_of(name, "A"), both)
            if ipv6 and (both or not found):
                found += in_order(more_addresses_of(name, found), both)
        if found:
            return found
    return []


def in_order(addresses: list[bytes], at_random: bool) -> list[bytes]:
    return sorted(addresses, key=lambda _: os.urandom(8)) if at_random else addresses


def more_addresses_of(name: bytes, known: list[bytes]) -> list[bytes]:
    """The IPv6 addresses of a name; trouble is none where other addresses are known."""
    try:
        return addresses_of(name, "AAAA")
    except OSError:
        if not known:
            raise
        return []


def addresses_of(name: bytes, kind: str) -> list[bytes]:
    """The addresses of a name; `kind` is A or AAAA."""
    family = socket.AF_INET if kind == "A" else socket.AF_INET6
    records = ask(domain.labels(name), kind)
    return [socket.inet_pton(family, record.address) for record in records]


def ask(labels: tuple[bytes, ...], kind: str) -> list[Any]:
    """The records of that kind in the answer, whatever aliases lead to them.

    Raises OSError: ETIMEDOUT when nobody answered, EAGAIN when nobody could, EPROTO for what is no
    name.
    """
    import dns.exception
    import dns.name
    import dns.rdataclass
    import dns.rdatatype
    import dns.resolver

    try:
        name = dns.name.Name((*labels, b""))
        answer = configured().resolve(name, kind, lifetime=LIFETIME, raise_on_no_answer=False)
    except dns.resolver.NXDOMAIN:
        return []
    except dns.resolver.LifetimeTimeout as trouble:
        raise TimeoutError(errno.ETIMEDOUT, "nobody answered") from trouble
    except dns.resolver.NoNameservers as trouble:
        raise OSError(errno.EAGAIN, "nobody could answer") from trouble
    except dns.exception.DNSException as trouble:
        raise OSError(errno.EPROTO, str(trouble)) from trouble
    # Of another class, an address is something else.
    wanted = (dns.rdataclass.IN, dns.rdatatype.from_text(kind))
    return [
        record
        for rrset in answer.response.answer
        if (rrset.rdclass, rrset.rdtype) == wanted
        for record in rrset
    ]


def configured() -> dns.resolver.Resolver:
    import dns.resolver

    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [os.fsdecode(server) for server in servers()]
    resolver.port = PORT
    resolver.timeout = TRY
    return resolver


def servers() -> list[bytes]:
    named = resolvconf.cache_servers(os.environb.get(b"DNSCACHEIP", b""))
    return named or resolvconf.servers(read_or_nothing(RESOLV_CONF)) or [LOCAL_SERVER]


def rewriting() -> list[qualify.Rule]:
    """The rules for a host's name, from the first place that has any."""
    path = os.environb.get(b"DNSREWRITEFILE", REWRITE_FILE)
    if files.exists(path):
        return qualify.parse(files.read_whole(path))
    named = os.environb.get(b"LOCALDOMAIN")
    domains = named.split() if named is not None else None
    if domains is None:
        domains = resolvconf.domains(read_or_nothing(RESOLV_CONF))
    if domains is None:
        domains = [part for part in os.fsencode(socket.gethostname()).partition(b".")[2:] if part]
    return qualify.appending(domains)


def read_or_nothing(path: bytes) -> bytes:
    """A configuration file; one that we may not or cannot read says nothing."""
    try:
        return files.read_whole(path)
    except OSError:
        return b""
