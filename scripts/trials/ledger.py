"""Numbered lines that carry a sum, and the account of what became of them.

A line is `WRITER NUMBER WORD SUM`: the process that wrote it, its numbers from 1 on, `keep` for the
even ones and `drop` for the odd, and the CRC-32 of all before in 8 hexadecimal digits.
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Iterable
from typing import NamedTuple

KEPT, DROPPED = b"keep", b"drop"


def word(number: int) -> bytes:
    """What a filter goes by."""
    return DROPPED if number % 2 else KEPT


def line(writer: int, number: int) -> bytes:
    body = b"%d %d %s" % (writer, number, word(number))
    return b"%s %08x\n" % (body, crc32(body))


class Numbered(NamedTuple):
    writer: int
    number: int


def parse(found: bytes) -> Numbered | None:
    """A line without its newline; None for what is not as it was written."""
    body, _, total = found.rpartition(b" ")
    words = body.split(b" ")
    if total != b"%08x" % crc32(body) or len(words) != 3:
        return None
    return Numbered(int(words[0]), int(words[1]))


class Verdict(NamedTuple):
    """How many lines there are, and how many are wrong."""

    lines: int = 0
    lost: int = 0
    doubled: int = 0
    torn: int = 0  # pieces
    late: int = 0  # after one with a higher number
    strange: int = 0  # of a writer that nobody knows, or that a filter should have taken

    def __add__(self, other: object) -> Verdict:
        assert isinstance(other, Verdict)
        return Verdict(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    @property
    def short(self) -> str:
        """Lost, doubled, torn and out of order, as the table shows it."""
        return f"{self.lost}, {self.doubled}, {self.torn}, {self.late + self.strange}"

    @property
    def wrong(self) -> int:
        return sum(self) - self.lines


class Account:
    """What was found of each writer, in the order of the logs."""

    def __init__(self, filtered: bool = False) -> None:
        self.filtered = filtered
        self.found: dict[int, bytearray] = {}  # how often each number, by writer
        self.highest: dict[int, int] = {}
        self.lines = self.torn = self.late = self.doubled = self.strange = 0

    def read(self, log: bytes, label: int = 0) -> None:
        """One file, of whose lines so many bytes are a label. Its end is the end of a line."""
        pieces = log.split(b"\n")
        if not pieces[-1]:
            pieces.pop()
            torn = None
        else:
            torn = pieces.pop()
        for piece in pieces:
            self.take(parse(piece[label:]))
        if torn is not None:
            self.lines += 1
            self.torn += 1

    def take(self, numbered: Numbered | None) -> None:
        self.lines += 1
        if numbered is None:
            self.torn += 1
            return
        writer, number = numbered
        if self.filtered and word(number) == DROPPED:
            self.strange += 1
            return
        counts = self.found.setdefault(writer, bytearray())
        if number >= len(counts):
            counts.extend(bytes(number + 1 - len(counts)))
        if counts[number]:
            self.doubled += 1
        elif number < self.highest.get(writer, 0):
            self.late += 1
        counts[number] = min(counts[number] + 1, 255)
        self.highest[writer] = max(number, self.highest.get(writer, 0))

    def settle(self, written: dict[int, int]) -> Verdict:
        """Held against the highest number that each writer is known to have written."""
        lost = sum(self.missing(writer, last) for writer, last in written.items())
        strangers = sum(sum(self.found[one]) for one in self.found.keys() - written.keys())
        strange = self.strange + strangers
        return Verdict(self.lines, lost, self.doubled, self.torn, self.late, strange)

    def missing(self, writer: int, last: int) -> int:
        counts = self.found.get(writer, bytearray())
        wanted: Iterable[int] = range(2 if self.filtered else 1, last + 1, 1 + self.filtered)
        return sum(number >= len(counts) or not counts[number] for number in wanted)
