"""Lines out of blocks: what of a stream may be judged, and what only follows.

Actions see at most 1000 bytes of a line, its stamp included. What is longer follows the line's
first 1000 bytes wherever those went, unread. Whole blocks are worked on, never single lines, except
for lines that are too long or not yet complete.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

LINE = 1000  # bytes of a line that actions see
READ = 1024  # bytes that the originals read at once
Kind = Literal["lines", "head", "tail"]


class Segment(NamedTuple):
    """A part of the stream.

    «lines»: whole lines of at most LINE bytes, each with its newline. «head»: the first LINE
    bytes of one line. «tail»: bytes that belong to the last head; a newline in them ends the line.
    """

    kind: Kind
    text: bytes


class Lines:
    """Assembles the lines of a stream that comes in blocks."""

    def __init__(self, begun: bytes = b"", following: bool = False) -> None:
        self.begun = begun  # the line that is not complete, with its stamp
        self.following = following  # the line's head has been handed out

    @property
    def midline(self) -> bool:
        """Whether the last byte was not a newline."""
        return bool(self.begun) or self.following

    def take(self, block: bytes, stamp: bytes = b"") -> list[Segment]:
        """Accept bytes that have just come; lines that begin in them get that stamp."""
        segments = []
        if self.following:
            tail, block = after_newline(block)
            segments.append(Segment("tail", tail))
            self.following = not tail.endswith(b"\n")
        whole, rest = block[: (end := block.rfind(b"\n") + 1)], block[end:]
        if whole:
            segments += cut(self.complete(whole, stamp))
        if rest:
            segments += self.begin(rest, stamp)
        return segments

    def complete(self, whole: bytes, stamp: bytes) -> bytes:
        """The line that was begun and the whole lines after it, stamped."""
        first = self.begun or stamp
        self.begun = b""
        if stamp:
            whole = whole[:-1].replace(b"\n", b"\n" + stamp) + b"\n"
        return first + whole

    def begin(self, rest: bytes, stamp: bytes) -> list[Segment]:
        """Keep an incomplete line, or hand it out as soon as there are LINE bytes."""
        text = (self.begun or stamp) + rest
        if len(text) < LINE:
            self.begun = text
            return []
        self.begun = b""
        self.following = True
        head = Segment("head", text[:LINE])
        return [head, Segment("tail", text[LINE:])] if text[LINE:] else [head]

    def end(self) -> list[Segment]:
        """The stream has ended: an incomplete line gets its newline."""
        return self.take(b"\n") if self.midline else []

    def portion(self, block: bytes, stamp: bytes, room: int) -> int:
        """How many bytes of a block to take at once: many reads when all they can hand out fits
        into the room, else one."""
        bound = self.bound(block, stamp)
        if bound <= room:
            return len(block)
        size = len(block) * room // bound // READ * READ
        return size if size and self.bound(block[:size], stamp) <= room else READ

    def bound(self, block: bytes, stamp: bytes = b"") -> int:
        """How many bytes taking that block can hand out at most."""
        return len(self.begun) + len(block) + 1 + len(stamp) * (block.count(b"\n") + 1)


def after_newline(block: bytes) -> tuple[bytes, bytes]:
    """Split after the first newline."""
    end = block.find(b"\n") + 1 or len(block)
    return block[:end], block[end:]


def cut(text: bytes) -> Iterator[Segment]:
    """Separate the lines that are too long from the others, in order."""
    start = place = 0
    while len(text) - place > LINE:
        newline = text.rfind(b"\n", place, place + LINE + 1)
        if newline >= 0:
            place = newline + 1
            continue
        if start < place:
            yield Segment("lines", text[start:place])
        yield Segment("head", text[place : place + LINE])
        start = text.index(b"\n", place) + 1
        yield Segment("tail", text[place + LINE : start])
        place = start
    if start < len(text):
        yield Segment("lines", text[start:])
