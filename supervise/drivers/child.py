"""The process of a service, as its supervise holds it: started by it, or adopted from one that was
killed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

from supervise import errors
from supervise.drivers import adoption
from supervise.formats.adoption import Birth
from supervise.unix import descriptors, processes, proctable
from supervise.unix.gate import Gate


class Orphan(NamedTuple):
    """What svscan knows of the child that a killed supervise has left."""

    pid: int  # 0 where it has left none
    pidfd: int | None  # ours to close; None where it has ended
    expected: bool  # svscan is its parent now, and will tell how it ended
    status: int | None  # the raw wait status of one that has ended, if anybody knows it
    groups: tuple[int, ...] = ()  # what children before it have left
    held: tuple[int, ...] = ()  # descriptors to be closed by who answers svc and svstat


class Child:
    """One process at a time; the machine knows whether there is one."""

    def __init__(self, path: str, run: Callable[[], int]) -> None:
        self.path = path
        self.run = run
        self.pidfd: int | None = None
        self.groups: set[int] = set()  # each child leads one, and may leave others in it

    def start(self, variables: Mapping[str, str]) -> tuple[int, Gate]:
        """Fork; the child goes on once the gate is opened, and so once it is known in whose name it
        runs: nothing of a service is ever running that the next supervise could not find. Its
        environment has these variables too."""
        gate = Gate()
        try:
            pid = processes.fork(lambda: self.main(gate, variables))
            self.pidfd = processes.open_or_kill(pid)
        except OSError:
            gate.close()
            raise
        self.groups.add(pid)
        return pid, gate

    def main(self, gate: Gate, variables: Mapping[str, str]) -> int:
        """What the child does."""
        # A session of its own: the terminal's signals are for svscan, which passes on what is
        # right for each.
        os.setsid()
        if not gate.wait():
            return errors.TEMPORARY
        os.environ.update(variables)
        try:
            return self.run()
        except OSError as error:
            errors.diagnose(
                f"supervise: fatal: unable to start {self.path}/run: {errors.reason(error)}"
            )
            return errors.TEMPORARY

    def adopt(self, pid: int, birth: Birth, orphan: Orphan | None) -> Orphan:
        """Take the child of another supervise; what is known of it afterwards."""
        if orphan is None or orphan.pid != pid:
            with errors.unable_to(f"find process {pid} of {self.path}/run"):
                orphan = Orphan(pid, adoption.find(pid, birth), False, None)
        self.groups.add(pid)
        self.pidfd = orphan.pidfd
        return orphan

    def signal(self, number: int) -> None:
        if self.pidfd is not None:
            processes.send(self.pidfd, number)

    def ended(self) -> None:
        """It was collected, or somebody told of its end."""
        if self.pidfd is not None:
            descriptors.close(self.pidfd)
            self.pidfd = None

    def signal_rest(self, number: int) -> None:
        """To everybody in the groups that it and the children before it led."""
        for group in self.groups:
            processes.send_to_group(group, number)

    def forget_empty_groups(self, living: int | None) -> None:
        """The number of a group that is empty may become somebody else's. That of the living child
        is kept, since one that was forked a moment ago has not made it yet."""
        self.groups = {
            group for group in self.groups if group == living or processes.group_exists(group)
        }

    def rest(self) -> list[int] | None:
        """Who lives in the groups; None where that cannot be told, but somebody is left."""
        self.forget_empty_groups(None)
        if not self.groups:
            return []
        try:
            return proctable.living(self.groups)
        except OSError:
            return None
