"""Line ends: LF on this machine, CR LF on the network."""

from __future__ import annotations

CR, LF, CRLF = b"\r", b"\n", b"\r\n"


def add(chunk: bytes) -> bytes:
    """A CR before every LF, one that has a CR already included: what is an LF here was never
    written by somebody who thought of the network."""
    return chunk.replace(LF, CRLF)


class Remover:
    """Takes one CR away before each LF of a stream that comes in chunks."""

    def __init__(self) -> None:
        self.held = b""  # a CR at the end of a chunk: what follows decides about it

    def feed(self, chunk: bytes) -> bytes:
        chunk = self.held + chunk
        self.held = CR if chunk.endswith(CR) else b""
        return chunk.removesuffix(CR).replace(CRLF, LF)

    def end(self) -> bytes:
        """What is left when nothing follows."""
        held, self.held = self.held, b""
        return held


class Completer:
    """Gives each LF of a stream that comes in chunks a CR, unless it has one."""

    def __init__(self) -> None:
        self.before = b""  # a CR, where the stream so far ends in one

    def feed(self, chunk: bytes) -> bytes:
        before, chunk = self.before, self.before + chunk
        self.before = CR if chunk.endswith(CR) else b""
        return chunk.replace(CRLF, LF).replace(LF, CRLF)[len(before) :]
