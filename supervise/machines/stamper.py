"""A stamp before each line of a stream that comes in blocks."""

from __future__ import annotations


class Stamper:
    """Remembers whether a line has begun, and so has its stamp."""

    def __init__(self) -> None:
        self.midline = False

    def take(self, block: bytes, stamp: bytes) -> bytes:
        """The block, with that stamp before each line that begins in it."""
        first = b"" if self.midline else stamp
        self.midline = not block.endswith(b"\n")
        body = block if self.midline else block[:-1]
        return first + body.replace(b"\n", b"\n" + stamp) + block[len(body) :]
