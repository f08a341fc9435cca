"""Who is left of a service when its child is gone: each is watched until it ends, whoever is its
parent."""

from __future__ import annotations

import os
from collections.abc import Iterable

from supervise.unix.waiting import Waiter


class Rest:
    """Processes, by their pidfds, which the waiter waits for too."""

    def __init__(self, waiter: Waiter) -> None:
        self.waiter = waiter
        self.pids: dict[int, int] = {}

    def watch(self, pids: Iterable[int]) -> None:
        """Have the end of each noticed; one that is watched is not watched twice."""
        for pid in set(pids) - set(self.pids.values()):
            try:
                pidfd = os.pidfd_open(pid)
            except ProcessLookupError:
                pidfd = os.eventfd(1)  # it has just ended, which is to be noticed all the same
            self.pids[pidfd] = pid
            self.waiter.add(pidfd)

    def ended(self, ready: set[int]) -> bool:
        """Watch no longer who has ended; whether that is anybody."""
        pidfds = ready & self.pids.keys()
        self.drop(pidfds)
        return bool(pidfds)

    def forget(self) -> None:
        """Watch nobody any longer."""
        self.drop(set(self.pids))

    def drop(self, pidfds: set[int]) -> None:
        for pidfd in pidfds:
            self.waiter.remove(pidfd)
            os.close(pidfd)
            del self.pids[pidfd]
