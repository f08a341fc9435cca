"""TAI64N labels: 8 bytes of seconds and 4 of nanoseconds, or «@» and 24 hex digits.

Source: cr.yp.to/libtai."""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

EPOCH = 2**62 + 10  # the label of Unix second 0; the 10 is fixed, there is no leap-second table
LAYOUT = Struct(">QI")
LABEL_SIZE = 25
HEX = frozenset(b"0123456789abcdef")


class Tai64n(NamedTuple):
    """A moment: TAI seconds (with EPOCH added) and nanoseconds."""

    seconds: int
    nanoseconds: int


def from_unix(nanoseconds: int) -> Tai64n:
    """The label of a Unix time in nanoseconds; as in the originals microseconds are kept and
    500 ns added."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return Tai64n(EPOCH + seconds, rest // 1000 * 1000 + 500)


def to_unix(moment: Tai64n) -> int:
    """Unix time in nanoseconds."""
    return (moment.seconds - EPOCH) * 10**9 + moment.nanoseconds


def pack(moment: Tai64n) -> bytes:
    return LAYOUT.pack(*moment)


def unpack(record: bytes) -> Tai64n:
    return Tai64n(*LAYOUT.unpack(record))


def label(moment: Tai64n) -> bytes:
    """The 25 bytes of text: «@4000000037c219bf2ef02e94»."""
    return b"@" + pack(moment).hex().encode()


def parse(text: bytes) -> Tai64n:
    """Read a label; ValueError where it is none."""
    # fromhex alone would take capitals, and skip blanks.
    if len(text) != LABEL_SIZE or text[:1] != b"@" or not HEX.issuperset(text[1:]):
        raise ValueError(text)
    return unpack(bytes.fromhex(text[1:].decode()))
