"""Domain names: their labels, and ucspi-tcp's text for them."""

from __future__ import annotations

import re

PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")
PART = re.compile(rb"\\([0-7]{1,3})|\\(.)|\\\Z|(\.)|(.)", re.DOTALL)


def text(labels: tuple[bytes, ...]) -> bytes:
    """Lower case, every unusual byte as a backslash and three octal digits; the root is a dot."""
    return b".".join(b"".join(map(shown, label.lower())) for label in labels) or b"."


def shown(byte: int) -> bytes:
    return b"%c" % byte if byte in PLAIN else b"\\%03o" % byte


def labels(name: bytes) -> tuple[bytes, ...]:
    """The labels of a text: a backslash makes the next byte an ordinary one, or is followed by
    octal digits; empty labels do not count, nor does a backslash at the end."""
    found = [bytearray()]
    for octal, escaped, dot, plain in PART.findall(name):
        if dot:
            found.append(bytearray())
        else:
            found[-1] += b"%c" % (int(octal, 8) % 256) if octal else escaped or plain
    return tuple(bytes(label) for label in found if label)
