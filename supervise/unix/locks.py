"""Locks on files.

Those on disk are flock(2), which the originals use and POSIX record locks would not see. What
processes share that inherited one descriptor takes record locks: each of them has its own, and
loses it when it dies.
"""

from __future__ import annotations

import fcntl
import time

LONGEST_NAP = 0.05  # seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


def exclusive(descriptor: int, wait: bool) -> None:
    """Lock the open file for us alone; held until the last copy of the descriptor is closed."""
    fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def exclusive_within(descriptor: int, seconds: float) -> None:
    """As `exclusive`, where who has it is expected to let go in that time. (The kernel tells
    nobody that a lock is free, but those who wait for it without end.)"""
    until = time.monotonic() + seconds
    nap = 0.001
    while True:
        try:
            return exclusive(descriptor, wait=False)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise
        time.sleep(nap)
        nap = min(2 * nap, LONGEST_NAP)


class records:
    """A block in which no other process is that takes this lock."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __enter__(self) -> None:
        fcntl.lockf(self.descriptor, fcntl.LOCK_EX)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        fcntl.lockf(self.descriptor, fcntl.LOCK_UN)
