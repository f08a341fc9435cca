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
    """One of them; of mapped addresses it is the IPv4 network that they stand for."""
    text, _, length = (cidr.canonical(word) if b"/" in word else word).partition(b"/")
    packed = address.parse(text)
    if packed is None:
        raise ValueError(word)
    bits = int(length) if length else 8 * len(packed)
    if packed.startswith(address.MAPPED):
        return Network(address.short(packed), bits - 8 * len(address.MAPPED))
    return Network(packed, bits)


def hold(networks: Sequence[Network], ip: bytes) -> bool:
    """Whether one of the networks holds an address, a mapped one being given as the IPv4 address
    that it is; an IPv4 address is never in an IPv6 network."""
    return any(
        len(prefix) == len(ip) and cidr.cut(ip, length) == prefix for prefix, length in networks
    )
