"""A supervise as a multiprocessing process, started by the project's own fork."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from multiprocessing.process import BaseProcess

from supervise.unix import channels, descriptors, processes


class Running:
    """What multiprocessing calls a Popen: the pid, and how it ended once svscan has reaped it.

    The standard one makes two pipes per process that every later child inherits, polls each living
    child before it starts the next, and runs its bootstrap in the child (0.8 MB of dirty memory).
    svscan reaps everything itself, so nothing of that is needed.
    """

    method = "fork"

    def __init__(self, pid: int) -> None:
        self.returncode: int | None = None
        self.pid = pid
        self.sentinel = -1

    def poll(self, flag: int = os.WNOHANG) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        return self.returncode


class SuperviseProcess(BaseProcess):
    """`main` runs in the child; its result is the exit code. `orders` is our end of its socket."""

    def __init__(self, name: str, main: Callable[[], int], orders: int) -> None:
        super().__init__(name=name)
        self.main = main
        self.orders = orders
        self.last_word = b""  # of one that has made way

    @staticmethod
    def _Popen(process: SuperviseProcess) -> Running:
        return Running(processes.fork(process.main))

    def start(self) -> None:
        """Fork; OSError where that fails."""
        self.runs(self._Popen(self))

    @classmethod
    def started_before(cls, name: str, pid: int, orders: int) -> SuperviseProcess:
        """One that this very process has started when it was another program."""
        process = cls(name, elsewhere, orders)
        process.runs(Running(pid))
        return process

    def runs(self, running: Running) -> None:
        self._popen = running
        self.child_pid = running.pid

    def order(self, letters: bytes, *carried: int) -> None:
        """Tell the supervise something; one that has ended hears nothing."""
        if self.exitcode is not None:
            return
        # Somebody may have stopped it, and svscan could then never stop. It is our child and not
        # yet reaped, so the number is its own. First, since it may have to read before it can be
        # told.
        os.kill(self.child_pid, signal.SIGCONT)
        channels.send(self.orders, letters, *carried)

    def ended(self, status: int) -> None:
        """It was reaped with this raw wait status."""
        self._popen.returncode = os.waitstatus_to_exitcode(status)
        # That it has left something unread is told first.
        for _ in range(2):
            self.last_word = self.last_word or channels.receive(self.orders, wait=False)[0]
        descriptors.close(self.orders)


def elsewhere() -> int:
    """What a process does that was started by another program."""
    raise AssertionError("it has begun long ago")
