"""Ranges of addresses by the length of their prefix: 10.0.0.0/8, 2001:db8::/32. Source: RFC 4632.

The key of such a rule is the range itself, spelt in one way only. So that a client need not be
looked for under each of the 32 or 128 ranges that hold it, one more record for each kind of
address lists the lengths in use, as NUL-terminated decimals, which mean nothing as instructions.
Every other key that is looked for lacks the slash or has an «@» or «=».
"""

from __future__ import annotations

from collections.abc import Iterable

from supervise.formats import address

IPV4_LENGTHS, IPV6_LENGTHS = b"./", b":/"  # the keys of the lists
LONGEST = {IPV4_LENGTHS: 32, IPV6_LENGTHS: 128}


def canonical(text: bytes) -> bytes:
    """A range as it is spelt in keys; ValueError where it is none or has bits after its prefix."""
    network, _, digits = text.partition(b"/")
    packed = address.parse(network)
    if packed is None or digits not in decimals(8 * len(packed)):
        raise ValueError(text)
    length = int(digits)
    if cut(packed, length) != packed:
        raise ValueError(text)
    return spell(packed, length)


def decimals(longest: int) -> list[bytes]:
    """All lengths of a prefix, from 0."""
    return [b"%d" % length for length in range(longest + 1)]


def cut(packed: bytes, length: int) -> bytes:
    """The address with only the first bits kept."""
    bits = 8 * len(packed) - length
    return (int.from_bytes(packed) >> bits << bits).to_bytes(len(packed))


def spell(packed: bytes, length: int) -> bytes:
    return address.text(packed) + b"/%d" % length


def covering(ip: bytes, lengths: Iterable[int]) -> list[tuple[int, bytes]]:
    """The ranges of these lengths that hold an address, each after its length; none of a text that
    is no address.
    """
    packed = address.parse(ip)
    if packed is None:
        return []
    return [(length, spell(cut(packed, length), length)) for length in lengths]


def list_key(ip: bytes) -> bytes:
    """The key of the list for an address, or for a range, of its kind."""
    return IPV6_LENGTHS if b":" in ip else IPV4_LENGTHS


def lists(ranges: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
    """The records that list the lengths of these ranges, canonically spelt; none for no ranges."""
    used = {(list_key(text), text.partition(b"/")[2]) for text in ranges}
    records = []
    for key, longest in LONGEST.items():
        lengths = [digits for digits in decimals(longest) if (key, digits) in used]
        if lengths:
            records.append((key, b"".join(digits + b"\0" for digits in lengths)))
    return records


def listed(key: bytes, packed: bytes | None) -> list[int]:
    """The lengths in a list; what else a record of that key may hold is passed over."""
    if packed is None:
        return []
    items = set(packed.split(b"\0"))
    return [length for length, digits in enumerate(decimals(LONGEST[key])) if digits in items]
