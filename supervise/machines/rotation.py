"""When a log file is full, and in which pieces it is written.

The originals write what they have buffered (512 bytes) and look after each write whether the file
is within MARGIN of its limit and ends with a newline. So where a file ends depends on the writes,
and to end it where they do, their buffer is played here; but only near the limit, for before it
the writes do not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from supervise.machines.logline import Segment

BUFFER = 512
MARGIN = 2000  # within so many bytes of the limit, a file ends at the next newline


class Rotation:
    """The size of one file against its limit."""

    def __init__(self, limit: int, size: int = 0) -> None:
        self.limit = limit
        self.size = size

    @property
    def room(self) -> int:
        """How many bytes may be written, in whatever pieces, before a piece can matter."""
        return max(0, self.limit - MARGIN - 1 - self.size)

    @property
    def full(self) -> bool:
        return self.size >= self.limit

    def piece(self, chunk: bytes) -> bytes:
        """What of a chunk to write now; the file is not full."""
        piece = chunk[: self.limit - self.size]
        if self.size + len(piece) >= self.limit - MARGIN:
            return piece[: piece.rfind(b"\n") + 1] or piece
        return piece

    def wrote(self, piece: bytes) -> bool:
        """Note what has been written; returns whether the file has reached its end."""
        self.size += len(piece)
        return self.size >= self.limit - MARGIN and piece.endswith(b"\n")

    def begin(self) -> None:
        """A new file has been begun."""
        self.size = 0


def joined(segments: Iterable[Segment]) -> bytes:
    return b"".join(segment.text for segment in segments)


def writes(segments: Iterable[Segment]) -> Iterator[bytes]:
    """The writes in which the originals' buffer hands out what came with one read."""
    buffer = b""
    for part in parts(segments):
        if len(buffer) + len(part) <= BUFFER:
            buffer += part
            continue
        if buffer:
            yield buffer
        buffer = part
        if len(part) > BUFFER:
            yield part
            buffer = b""
    if buffer:
        yield buffer


def parts(segments: Iterable[Segment]) -> Iterator[bytes]:
    """What is put into the buffer at once: the text of a line; its newline; each byte of a tail."""
    for kind, text in segments:
        if kind == "lines":
            for line in text.removesuffix(b"\n").split(b"\n"):
                yield line
                yield b"\n"
        elif kind == "head":
            yield text
        else:
            yield from (text[place : place + 1] for place in range(len(text)))
