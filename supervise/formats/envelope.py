"""The envelope that qmail-queue reads: F sender NUL, T recipient NUL for each, and a last NUL.

Source: qmail-queue(8).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

SENDER, RECIPIENT = b"F", b"T"
ADDRESS_LIMIT = 1003  # bytes with the NUL; an address of that length or more is refused


class Field(NamedTuple):
    """One address; `kind` is SENDER or RECIPIENT."""

    kind: bytes
    address: bytes


class BadEnvelope(Exception):
    """Not an envelope."""


class AddressTooLong(Exception):
    """An address of ADDRESS_LIMIT bytes or more."""


def pack(sender: bytes, recipients: Iterable[bytes]) -> bytes:
    fields = [SENDER + sender, *(RECIPIENT + recipient for recipient in recipients)]
    return b"".join(field + b"\0" for field in fields) + b"\0"


class Reader:
    """Reads an envelope piece by piece, holding no more than one unfinished address.

    `complete` once the last NUL has come; whatever follows it is not looked at.
    """

    def __init__(self) -> None:
        self.unfinished = b""
        self.expected = SENDER
        self.complete = False

    def feed(self, piece: bytes) -> Iterator[Field]:
        """The addresses that end in this piece; raises BadEnvelope or AddressTooLong."""
        if self.complete:
            return
        *fields, self.unfinished = (self.unfinished + piece).split(b"\0")
        for field in fields:
            if self.complete:
                return
            if not field and self.expected == RECIPIENT:
                self.complete = True
            else:
                yield self.field(field)
        if not self.complete and self.unfinished:
            self.check(self.unfinished)

    def field(self, text: bytes) -> Field:
        self.check(text)
        self.expected = RECIPIENT
        return Field(text[:1], text[1:])

    def check(self, text: bytes) -> None:
        """Refuse a field, or the beginning of one, that cannot be right."""
        if text[:1] != self.expected:
            raise BadEnvelope
        if len(text) - len(SENDER) + 1 >= ADDRESS_LIMIT:
            raise AddressTooLong
