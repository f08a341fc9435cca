"""Networks as users write them: addresses and CIDR ranges, joined by commas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from supervise.formats import address, cidr


class Network(NamedTuple):
    """The addresses, of 4 bytes or of 16, that begin with these bits."""

    prefix: bytes
    length: int


def parse(words: bytes) -> list[Network]:
    """«10.0.0.1,192.168.0.0/16,::1»; ValueError, with the word in question, where one is none."""
    return [network(word) for word in words.split(b",")]


def network(word: bytes) -> Network:
    text, _, length = (cidr.canonical(word) if b"/" in word else word).partition(b"/")
    packed = address.parse(text)
    if packed is None:
        raise ValueError(word)
    if length:
        return Network(packed, int(length))
    packed = address.short(packed)
    return Network(packed, 8 * len(packed))


def hold(networks: Sequence[Network], ip: bytes) -> bool:
    """Whether one of the networks holds an address; an IPv4 address is never in an IPv6 one."""
    return any(
        len(prefix) == len(ip) and cidr.cut(ip, length) == prefix for prefix, length in networks
    )
