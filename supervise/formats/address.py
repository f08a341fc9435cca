"""Internet addresses: 4 or 16 bytes in network order, their text, and their names in the DNS.

The text of an IPv6 address is the one of ucspi-tcp's IPv6 patch, because rules are compared with
it byte for byte: lower-case, the longest run of zero groups (even of one) as «::», IPv4 at the end
of a mapped address.
"""

from __future__ import annotations

from supervise.formats import number

MAPPED = bytes(10) + b"\xff\xff"  # in front of the 4 bytes of an IPv4 address. Source: RFC 4291
GROUPS = 8


def text(packed: bytes) -> bytes:
    """«127.0.0.1», «::1», «::ffff:127.0.0.1»."""
    if len(packed) == 4:
        return b".".join(b"%d" % byte for byte in packed)
    if packed.startswith(MAPPED):
        return b"::ffff:" + text(packed[12:])
    groups = [b"%x" % int.from_bytes(packed[at : at + 2]) for at in range(0, 16, 2)]
    start, length = longest_zeros(groups)
    if not length:
        return b":".join(groups)
    return b":".join(groups[:start]) + b"::" + b":".join(groups[start + length :])


def longest_zeros(groups: list[bytes]) -> tuple[int, int]:
    """Where the longest run of zero groups begins (the first of equals), and how many they are."""
    best = (0, 0)
    start = 0
    for at, group in enumerate([*groups, b"end"]):
        if group != b"0":
            if at - start > best[1]:
                best = (start, at - start)
            start = at + 1
    return best


def parse(word: bytes) -> bytes | None:
    """The address that a text is, or None: dotted quad or IPv6, strictly."""
    return parse_ipv6(word) if b":" in word else parse_ipv4(word)


def parse_ipv4(word: bytes) -> bytes | None:
    parts = word.split(b".")
    if len(parts) != 4 or not all(part.isdigit() and len(part) <= 3 for part in parts):
        return None
    numbers = [int(part) for part in parts]
    # A leading zero is refused: to some programs it means octal.
    plain = word == b".".join(b"%d" % number for number in numbers)
    return bytes(numbers) if plain and max(numbers) < 256 else None


def parse_ipv6(word: bytes) -> bytes | None:
    head, gap, tail = word.partition(b"::")
    before, after = groups_of(head), groups_of(tail)
    if before is None or after is None or (gap and b"." in head):
        return None
    missing = 2 * GROUPS - len(before) - len(after)
    if missing < (2 if gap else 0) or (missing and not gap):
        return None
    return before + bytes(missing) + after


def groups_of(word: bytes) -> bytes | None:
    """The bytes of groups joined by colons, the last of which may be a dotted quad."""
    if not word:
        return b""
    *groups, last = word.split(b":")
    tail = parse_ipv4(last) if b"." in last else group_of(last)
    packed = [group_of(group) for group in groups]
    if tail is None or None in packed:
        return None
    return b"".join(group for group in packed if group) + tail


def group_of(word: bytes) -> bytes | None:
    if not 1 <= len(word) <= 4 or word.strip(b"0123456789abcdefABCDEF"):
        return None
    return int(word, 16).to_bytes(2)


def literals(word: bytes) -> list[bytes] | None:
    """The IPv4 addresses in a word of digits, dots and square brackets; None where it is another.

    Bytes wrap at 256 and bytes that fill no address are lost: «127.1» holds none, «[127.0.0.257]»
    is 127.0.0.1, and a word may hold several.
    """
    if word.strip(b"0123456789.[]"):
        return None
    pieces = word.translate(None, b"[]").split(b".")
    numbers = bytes(number.leading(piece.decode()) % 256 for piece in pieces)
    return [numbers[at : at + 4] for at in range(0, len(numbers) - 3, 4)]


def short(packed: bytes) -> bytes:
    """The IPv4 address inside a mapped one; any other as it is."""
    return packed[12:] if len(packed) == 16 and packed.startswith(MAPPED) else packed


def long(packed: bytes) -> bytes:
    """The 16 bytes of an address, mapped where it is IPv4."""
    return MAPPED + packed if len(packed) == 4 else packed


def reverse_labels(packed: bytes) -> tuple[bytes, ...]:
    """The labels of the name of the PTR record: 4.3.2.1.in-addr.arpa; nibbles in ip6.arpa."""
    packed = short(packed)
    if len(packed) == 4:
        return (*(b"%d" % byte for byte in reversed(packed)), b"in-addr", b"arpa")
    return (*(b"%c" % digit for digit in reversed(packed.hex().encode())), b"ip6", b"arpa")
