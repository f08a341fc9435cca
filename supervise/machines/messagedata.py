"""The data of a message: from lines on the wire to what is stored, and what is counted meanwhile.

Everything works on whole pieces, however they are cut; nothing looks at single bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

HOP_LIMIT = 100  # Received and Delivered lines; a message that has so many is going in circles
END = b"\r\n.\r\n"
UNDECIDED = (b".\r", b".", b"\r")  # how a piece may end that the next one decides
STUFFED = b"\r\n."
STUFFING = rb"\r\n\.(?!\r)"
BARE_LINE_FEED = rb"(?<!\r)\n"
HOP = rb"(?i)\n(?:received|delivered)"
HOP_LENGTH = 9  # bytes of a line that tell whether it is a hop


class State(Enum):
    """How far the data is after a piece."""

    MORE = "more is to come"
    ENDED = "the final dot came"
    BROKEN = "a line feed came without its carriage return"


@dataclass(frozen=True)
class Piece:
    """What a piece from the wire became: bytes to store, and what follows the data."""

    stored: bytes
    state: State
    rest: bytes = b""


class MessageData:
    """One message on its way in; `limit` is the most bytes to store, 0 for no limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.stored = 0
        self.hops = HopCounter()
        self.at_line_start = True
        self.held = b""  # the undecided end of the last piece

    @property
    def looping(self) -> bool:
        return self.hops.count >= HOP_LIMIT

    @property
    def too_big(self) -> bool:
        return 0 < self.limit < self.stored

    def feed(self, piece: bytes) -> Piece:
        # The line end before the piece is put back in front of it, so that every line begins alike.
        before = b"\r\n" if self.at_line_start else b""
        wire = before + self.held + piece
        end = wire.find(END)
        if end >= 0:
            wire, rest, self.held = wire[: end + 2], wire[end + len(END) :], b""
        else:
            rest, self.held = b"", undecided(wire)
            wire = wire.removesuffix(self.held) if self.held else wire
        if wire.count(b"\n") != wire.count(b"\r\n"):
            return Piece(b"", State.BROKEN)
        self.hops.feed(wire[len(before) :])
        self.at_line_start = wire.endswith(b"\r\n")
        stored = unstuffed(wire).replace(b"\r\n", b"\n")[len(before) // 2 :]
        self.stored += len(stored)
        return Piece(stored, State.ENDED if end >= 0 else State.MORE, rest)


def undecided(wire: bytes) -> bytes:
    """The end of a piece that has no meaning yet: a CR, or a dot that begins a line."""
    for ending in UNDECIDED:
        if wire.endswith(ending) and (ending == b"\r" or wire.endswith(b"\r\n" + ending)):
            return ending
    return b""


def unstuffed(wire: bytes) -> bytes:
    """Without the dot of every line that begins with one, but for a dot before a lone CR."""
    if b"\r\n.\r" in wire:
        return re.sub(STUFFING, b"\r\n", wire)
    return wire.replace(STUFFED, b"\r\n")


class HopCounter:
    """Counts the header lines that begin with «received» or «delivered», as on the wire."""

    def __init__(self) -> None:
        self.count = 0
        self.in_header = True
        self.held = b"\n"  # the beginning of a line that is too short to tell

    def feed(self, wire: bytes) -> None:
        if not self.in_header:
            return
        text = self.held + wire
        header, self.held = self.split(text)
        self.count += len(re.findall(HOP, header))

    def split(self, text: bytes) -> tuple[bytes, bytes]:
        """What of the header can be counted now, and what is to be held until more comes."""
        blank = text.find(b"\n\r\n")
        if blank >= 0:
            self.in_header = False
            return text[:blank], b""
        last = text.rfind(b"\n")
        if last >= 0 and len(text) - last <= HOP_LENGTH:
            return text[:last], text[last:]
        return text, b""
