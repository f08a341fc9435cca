"""A log directory's processor: a shell command that reads `previous` and writes `processed`.

It also finds the state that its last run left on descriptor 4, and leaves one on descriptor 5.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from supervise import errors
from supervise.drivers.archive import count_links, is_complete, remove
from supervise.drivers.fulldisk import Persistence
from supervise.drivers.orders import PROGRAM
from supervise.unix import descriptors, files, processes

SHELL = b"/bin/sh"
STATE, NEW_STATE = 4, 5  # descriptors
COMPLETE = 0o744

Execute = Callable[[bytes, list[str]], None]


class Processor:
    """The processor of one log directory, which must be the current one."""

    def __init__(self, name: str, command: str, persistence: Persistence, execute: Execute) -> None:
        self.name = name
        self.command = command
        self.persistence = persistence
        self.execute = execute

    def run(self) -> None:
        """Turn `previous` into `processed`, complete and on disk; what an earlier attempt has done
        of it stays done."""
        if count_links("previous") and not is_complete("processed"):
            self.insist()
            self.keep_processed()
        self.keep_state()

    def insist(self) -> None:
        pauses = self.persistence.pauses()
        while not self.succeeds():
            self.persistence.pause(next(pauses))

    def succeeds(self) -> bool:
        """Run the command once, from the start; trouble is told."""
        trouble = f"for processor in {self.name}"
        child = self.persistence.insist(f"fork {trouble}", lambda: processes.fork(self.become))
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
        processed = self.persistence.insist(
            f"create {file}", lambda: files.open_append("processed")
        )
        self.persistence.insist(f"write {file} to disk", lambda: os.fsync(processed))
        self.persistence.insist(f"set mode of {file}", lambda: os.fchmod(processed, COMPLETE))
        os.close(processed)

    def keep_state(self) -> None:
        """Remove `previous`, and have the new state be the state."""
        file = f"{self.name}/newstate"
        if count_links("previous"):
            state = self.persistence.insist(f"create {file}", lambda: files.open_append("newstate"))
            self.persistence.insist(f"write {file} to disk", lambda: os.fsync(state))
            os.close(state)
            self.persistence.insist(f"remove {self.name}/previous", lambda: remove("previous"))
        if count_links("newstate"):
            self.persistence.insist(
                f"rename newstate to state in directory {self.name}",
                lambda: os.rename("newstate", "state"),
            )


def open_state() -> int:
    """Open `state`, made where a clean directory came without one: the originals would fail for
    ever."""
    return os.open("state", os.O_RDONLY | os.O_NONBLOCK | os.O_CREAT, 0o644)
