"""The servers and the domains of resolv.conf(5), and the servers of $DNSCACHEIP."""

from __future__ import annotations

from supervise.formats import address

MOST_SERVERS = 16
# Never begun within a number, or a long one would be tried from each of its digits.
QUAD = rb"(?<![0-9])[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+"


def servers(lines: bytes) -> list[bytes]:
    """The addresses of the nameserver lines, as text; what is no address is skipped."""
    found = []
    for line in lines.split(b"\n"):
        word, *values = line.split() or [b""]
        if word == b"nameserver" and line.startswith(word) and is_address(values[:1]):
            found.append(values[0])
    return found[:MOST_SERVERS]


def is_address(words: list[bytes]) -> bool:
    """Whether there is a word, and it is an address, perhaps with an interface («fe80::1%eth0»)."""
    return bool(words) and address.parse(words[0].partition(b"%")[0]) is not None


def domains(lines: bytes) -> list[bytes] | None:
    """The domains of the first search or domain line; None where there is neither."""
    for line in lines.split(b"\n"):
        word, *values = line.split() or [b""]
        if word in (b"search", b"domain") and line.startswith(word):
            return values
    return None


def cache_servers(value: bytes) -> list[bytes]:
    """The addresses in $DNSCACHEIP: IPv4 joined by dots, or words of either kind."""
    import re  # here, because a chain loader loads this file for something else

    found = []
    for word in value.replace(b",", b" ").split():
        if b":" in word:
            found += [word] if is_address([word]) else []
        else:
            quads = b".".join(re.findall(QUAD, word))
            found += [address.text(packed) for packed in address.literals(quads) or []]
    return found[:MOST_SERVERS]
