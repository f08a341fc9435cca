"""The names of this machine's own addresses: a child looks one up, the parent remembers it.

The children that follow inherit what the parent knows, so that a name is looked up once and not for
each connection. The parent does not look up itself, since a slow server would keep it from its
clients.

Trouble is remembered too, but not for long: a silent server shall not keep every client waiting.
"""

from __future__ import annotations

import os
import time

from supervise.errors import unable_to
from supervise.formats import address

KEPT = 600  # seconds until a name is looked up again; the originals read resolv.conf as rarely
KEPT_AFTER_TROUBLE = 30  # seconds without a look-up
MOST = 64  # addresses
BLOCK = 4096  # bytes: what a pipe takes or gives whole, and more than a name can be


class LocalNames:
    """What is known, and the pipe on which the children tell more."""

    def __init__(self) -> None:
        with unable_to("create pipe"):
            self.reading, self.writing = os.pipe()
        os.set_blocking(self.reading, False)
        os.set_blocking(self.writing, False)
        self.names: dict[bytes, tuple[bytes | None, float]] = {}

    async def name_of(self, ip: bytes, until: float) -> bytes | None:
        """In a child: the name of one of our addresses, told to the parent if it was news."""
        from supervise.drivers import resolver

        name, kept_until = self.names.get(ip, (None, 0.0))
        if time.monotonic() < kept_until:
            return name
        seconds = KEPT
        try:
            name = await resolver.name_of(ip, until)
        except OSError:
            seconds = KEPT_AFTER_TROUBLE  # and the name stays what it was
        self.tell(address.text(ip), seconds, name)
        return name

    def tell(self, ip: bytes, seconds: int, name: bytes | None) -> None:
        try:
            os.write(self.writing, b"%s %d %s\n" % (ip, seconds, name or b""))
        except OSError:
            pass  # too many tell the same at once, or the parent is gone

    def learn(self) -> None:
        """In the parent: remember what the children told."""
        told = b""
        try:
            while block := os.read(self.reading, BLOCK):
                told += block
        except BlockingIOError:
            pass
        for line in told.splitlines():
            self.remember(*line.split(b" "))

    def remember(self, ip: bytes, seconds: bytes, name: bytes) -> None:
        packed = address.parse(ip)
        if packed is None:
            return
        if len(self.names) >= MOST:
            self.names.clear()
        self.names[packed] = (name or None, time.monotonic() + int(seconds))
