"""The last bytes of a stream, in a row of fixed length."""

from __future__ import annotations

DOT = b"."


class Tail:
    """As many bytes as the row has room for; dots before them until it is full. NUL is left out,
    since what shows the row would take it for the end."""

    def __init__(self, room: int) -> None:
        self.row = DOT * room

    def take(self, block: bytes) -> None:
        self.row = (self.row + block.replace(b"\0", b""))[-len(self.row) :]
