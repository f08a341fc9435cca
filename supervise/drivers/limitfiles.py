"""The limits of -c and -C, each given on the command line or by a file that may be read again."""

from __future__ import annotations

import os

from supervise.errors import Failure, unable_to
from supervise.formats import connlimits
from supervise.unix import files

LONGEST = 4096  # bytes of such a file


class Limits:
    """How many connections there may be: altogether, and from one address."""

    def __init__(self, total: bytes, per_address: bytes | None = None) -> None:
        self.words = total, per_address
        self.read()

    def read(self) -> None:
        """Read what files say: all of them or, where that fails, none."""
        total, per_address = self.words
        most = connlimits.total(value(total))
        alike = None if per_address is None else connlimits.per_address(value(per_address))
        self.total, self.per_address = min(most, connlimits.MOST), alike

    def changeable(self) -> bool:
        return any(word is not None and connlimits.is_file(word) for word in self.words)

    def highest(self) -> int:
        """What the total can ever be."""
        return connlimits.MOST if connlimits.is_file(self.words[0]) else self.total


def value(word: bytes) -> bytes:
    if not connlimits.is_file(word):
        return word
    path = os.fsdecode(word)
    with unable_to(f"read {path}"):
        head = files.read_head(word, LONGEST)
    try:
        return connlimits.line_of(head)
    except ValueError as error:
        raise Failure(f"unable to read {path}: {error}") from None
