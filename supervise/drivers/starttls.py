"""The program's side of UCSPI-TLS: how it has TLS begun by the server that has started it."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from typing import NamedTuple

from supervise.formats import tlsfacts
from supervise.unix import descriptors, polling

BLOCK = 4096  # bytes
CLOSED = 2**31 - 1  # no descriptor has this number
LONGEST = 65536  # bytes that a server may tell


class Offer(NamedTuple):
    """The descriptors for the wish for TLS, for reading and for writing over it."""

    control: int
    reading: int
    writing: int

    def keep(self) -> None:
        """Keep them from the programs that we start."""
        for descriptor in self:
            if descriptors.is_open(descriptor):
                os.set_inheritable(descriptor, False)

    def wish(self) -> None:
        """Have TLS begun, when the client does; OSError where nobody will."""
        if not all(map(descriptors.is_open, self)):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        os.write(self.control, tlsfacts.BEGIN_AND_TELL)

    def begun(self, until: float) -> dict[bytes, bytes] | None:
        """The variables of the connection as soon as TLS has begun; None where it has not before
        the monotonic deadline, or never will."""
        told = b""
        while not tlsfacts.complete(told):
            block = self.read(until)
            if not block or len(told) > LONGEST:
                return None
            told += block
        return tlsfacts.unpack(told)

    def read(self, until: float) -> bytes:
        try:
            return os.read(self.control, BLOCK) if polling.readable(self.control, until) else b""
        except OSError:
            return b""


def offer(environment: Mapping[bytes, bytes]) -> Offer | None:
    """What the environment offers, None without it; numbers that are none are closed ones."""
    if tlsfacts.DELAYED[0] not in environment:
        return None
    return Offer(*(descriptor(environment.get(name, b"")) for name in tlsfacts.DELAYED))


def descriptor(digits: bytes) -> int:
    return int(digits) if digits.isdigit() and len(digits) < 10 else CLOSED
