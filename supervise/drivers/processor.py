"""A log directory's processor: a shell command that reads `previous` and writes `processed`.

It also finds the state that its last run left on descriptor 4, and leaves one on descriptor 5.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from supervise import errors
from supervise.drivers.orders import PROGRAM, Orders
from supervise.unix import descriptors, files, processes

SHELL = b"/bin/sh"
STATE, NEW_STATE = 4, 5  # descriptors
COMPLETE = 0o744

Execute = Callable[[bytes, list[str]], None]


class Processor:
    """The processor of one log directory, which must be the current one."""

    def __init__(self, name: str, command: str, orders: Orders, execute: Execute) -> None:
        self.name = name
        self.command = command
        self.orders = orders
        self.execute = execute

    def run(self) -> None:
        """Turn `previous` into `processed`, complete and on disk."""
        while not self.succeeds():
            self.orders.pause()
        self.keep_processed()
        self.keep_state()

    def succeeds(self) -> bool:
        """Run the command once, from the start; trouble is told."""
        trouble = f"for processor in {self.name}"
        child = self.orders.insist(f"fork {trouble}", lambda: processes.fork(self.become))
        try:
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        except OSError as error:
            errors.warn(PROGRAM, f"wait failed {trouble}, pausing: {errors.reason(error)}")
            return False
        if code != 0:
            how = "crashed" if code < 0 else "failed"
            errors.warn(PROGRAM, f"processor {how} in {self.name}, pausing")
        return code == 0

    def become(self) -> int:
        """In the child: open the four files and be the shell."""
        try:
            descriptors.move(files.open_read("previous"), 0)
            descriptors.move(files.open_trunc("processed"), 1)
            descriptors.move(open_state(), STATE)
            descriptors.move(files.open_trunc("newstate"), NEW_STATE)
            self.execute(SHELL, ["sh", "-c", self.command])
        except OSError as error:
            reason = errors.reason(error)
            errors.diagnose(f"{PROGRAM}: fatal: unable to run {self.command}: {reason}")
        return errors.TEMPORARY

    def keep_processed(self) -> None:
        file = f"{self.name}/processed"
        processed = self.orders.insist(f"create {file}", lambda: files.open_append("processed"))
        self.orders.insist(f"write {file} to disk", lambda: os.fsync(processed))
        self.orders.insist(f"set mode of {file}", lambda: os.fchmod(processed, COMPLETE))
        os.close(processed)

    def keep_state(self) -> None:
        file = f"{self.name}/newstate"
        state = self.orders.insist(f"create {file}", lambda: files.open_append("newstate"))
        self.orders.insist(f"write {file} to disk", lambda: os.fsync(state))
        os.close(state)
        self.orders.insist(f"remove {self.name}/previous", lambda: os.unlink("previous"))
        self.orders.insist(
            f"rename newstate to state in directory {self.name}",
            lambda: os.rename("newstate", "state"),
        )


def open_state() -> int:
    """Open `state`, made where a clean directory came without one: the originals would fail for
    ever."""
    return os.open("state", os.O_RDONLY | os.O_NONBLOCK | os.O_CREAT, 0o644)
