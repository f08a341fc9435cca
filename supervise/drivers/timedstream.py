"""A client's two descriptors, each read and each write with a time limit; replies are gathered."""

from __future__ import annotations

import os
import time

from supervise.unix import polling

REPLY_ROOM = 512  # bytes of replies that are gathered before they are written, as the original's
CHUNK = 65536


class Gone(Exception):
    """The client hung up, or did not take what was written."""


class TimedOut(Exception):
    """The client said nothing for the whole time limit."""


class TimedStream:
    """What a client sends and is told; `limit` is in seconds, for each read and each write."""

    def __init__(self, reading: int, writing: int, limit: float) -> None:
        self.reading = reading
        self.writing = writing
        self.limit = limit
        self.unsent = b""

    def read(self) -> bytes:
        """The next bytes, after everything unsent was sent; raises Gone or TimedOut."""
        self.flush()
        if not polling.readable(self.reading, self.until()):
            raise TimedOut
        try:
            chunk = os.read(self.reading, CHUNK)
        except OSError as error:
            raise Gone from error
        if not chunk:
            raise Gone
        return chunk

    def until(self) -> float:
        """The deadline of a read or a write that begins now."""
        return time.monotonic() + self.limit

    def put(self, text: bytes) -> None:
        """Gather a reply; what was gathered before is sent when there is no room for it."""
        if len(self.unsent) + len(text) > REPLY_ROOM:
            self.flush()
        self.unsent += text

    def flush(self) -> None:
        """Send what was gathered; raises Gone."""
        unsent, self.unsent = self.unsent, b""
        while unsent:
            if not polling.writable(self.writing, self.until()):
                raise Gone
            try:
                # A small piece fits where poll saw room, so that the write cannot block.
                written = os.write(self.writing, unsent[:REPLY_ROOM])
            except OSError as error:
                raise Gone from error
            unsent = unsent[written:]


class SessionStream(TimedStream):
    """The same, with one time limit for all reads and writes together."""

    def __init__(self, reading: int, writing: int, limit: float) -> None:
        super().__init__(reading, writing, limit)
        self.end = time.monotonic() + limit

    def until(self) -> float:
        if time.monotonic() >= self.end:
            raise TimedOut  # however busy the client is
        return self.end
