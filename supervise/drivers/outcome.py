"""Whether the new version of an svscan is up, told to whoever waits for it: a FIFO beside its pid
file. Where nobody has it open nobody wants to know."""

from __future__ import annotations

import os
import stat

from supervise.errors import Failure, unable_to
from supervise.unix import descriptors, locks
from supervise.unix.waiting import Waiter

SUFFIX = ".reexec"
LONGEST = 4096  # bytes: what a FIFO takes in one piece


def tell(path: str, reason: str = "") -> None:
    """Why nothing came of it; nothing, where the new version is up."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            os.write(descriptor, os.fsencode(reason)[: LONGEST - 1] + b"\n")
    except OSError:
        pass  # whoever waited does so no longer
    finally:
        descriptors.close(descriptor)


class Awaited:
    """What is told from now on. Of several who wait each has his turn, and his own answer."""

    def __init__(self, path: str) -> None:
        with unable_to(f"create {path}"):
            try:
                os.mkfifo(path, 0o600)
            except FileExistsError:
                pass
        with unable_to(f"open {path}"):
            # A writer of our own keeps it from ever reporting end of file.
            flags = os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
            self.fifo = os.open(path, flags)
        if not stat.S_ISFIFO(os.fstat(self.fifo).st_mode):
            raise Failure(f"unable to read {path}: not a fifo")
        with unable_to(f"lock {path}"):
            locks.exclusive(self.fifo, wait=True)
        self.read()

    def read(self) -> bytes:
        """All that was told."""
        try:
            return os.read(self.fifo, LONGEST)
        except BlockingIOError:
            return b""

    def reason(self, pidfd: int, until: float) -> str:
        """Why the new version is not up; empty where it is."""
        waiter = Waiter()
        for descriptor in (self.fifo, pidfd):
            waiter.add(descriptor)
        ready = waiter.wait(until)
        if self.fifo in ready:
            return os.fsdecode(self.read()).partition("\n")[0]
        return "it has ended" if ready else "timed out"
