"""Bytes from a client, taken as lines while commands are read and whole while a message is."""

from __future__ import annotations

LINE_LIMIT = 65536  # bytes of a command line without its LF; the originals have no limit


class CommandLines:
    """What the client has sent and nobody has taken yet; never more than a line and a chunk.

    A line beyond the limit is remembered only by its first bytes, enough to be told by
    `too_long`.
    """

    def __init__(self) -> None:
        self.waiting = bytearray()
        self.searched = 0  # bytes of `waiting` that are known to hold no LF

    def add(self, chunk: bytes) -> None:
        self.waiting += chunk

    def next(self) -> bytes | None:
        """The next line without its LF, or None until it is complete."""
        end = self.waiting.find(b"\n", self.searched)
        if end < 0:
            del self.waiting[LINE_LIMIT + 1 :]  # one byte more than the limit tells what it was
            self.searched = len(self.waiting)
            return None
        line = bytes(self.waiting[: min(end, LINE_LIMIT + 1)])
        del self.waiting[: end + 1]
        self.searched = 0
        return line

    def too_long(self, line: bytes) -> bool:
        return len(line) > LINE_LIMIT

    def take_all(self) -> bytes:
        """Everything, as it came."""
        chunk = bytes(self.waiting)
        self.waiting.clear()
        self.searched = 0
        return chunk
