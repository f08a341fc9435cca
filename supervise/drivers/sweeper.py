"""A sweep joined to the kernel: it takes a slice of each turn of supervise's loop, which goes on
answering svc meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from supervise import errors
from supervise.drivers.descendants import VARIABLE, Descendants, Found
from supervise.drivers.rest import Rest
from supervise.drivers.servicecgroup import ServiceCgroup
from supervise.machines.sweep import KILL, Outcome, Sweep
from supervise.unix import scheduling
from supervise.unix.waiting import Waiter

SLICE = 0.02  # seconds of work, and then svc is listened to
SHOWN = 8  # of those who could not be killed
WATCHED = 64  # of those who are left, as many as have a descriptor for each


class Sweeper:
    """Kill all that descends from the service of the current directory, when told to."""

    def __init__(self, path: str, waiter: Waiter) -> None:
        self.path = path
        with errors.unable_to(f"stat {path}"):
            self.descendants = Descendants()
            self.cgroup = ServiceCgroup(path)
        self.watch = Rest(waiter)
        self.sweep: Sweep | None = None
        self.found = Found()
        self.hurrying = False
        self.look: Iterator[None] | None = None  # the one that is under way

    @property
    def deadline(self) -> float | None:
        """The monotonic second when `turn` has something to do."""
        return self.sweep.next_look if self.sweep is not None else None

    def prepare(self) -> dict[str, str]:
        """A child is to be started; the variables that it and what descends from it are known
        by."""
        return {VARIABLE: self.descendants.mark}

    def started(self, pid: int) -> None:
        """The child is there and waits: hold together what it will start, where that can be
        done."""
        self.cgroup.take(pid)

    def begin(self, child: tuple[int, int] | None) -> None:
        """The child, by pid and start time, may be living yet; a sweep under way goes on."""
        if self.sweep is None:
            self.descendants.begin(child)
            self.sweep = Sweep(time.monotonic(), frozen=self.cgroup.kill())

    def turn(self, ready: set[int]) -> bool:
        """Go on; whether this was the end of it, with nobody left who could be killed."""
        if self.sweep is None:
            return False
        if self.watch.ended(ready):
            self.sweep.hasten(time.monotonic())
        if time.monotonic() < self.sweep.next_look:
            return False
        found = self.work(self.sweep)
        return found is not None and self.looked(self.sweep, found)

    def work(self, sweep: Sweep) -> Found | None:
        """A slice of a look; what was found once it is whole."""
        if self.look is None:
            if sweep.number == KILL:
                self.cgroup.kill()  # once more, since others may put somebody there
            self.found = Found()
            self.look = self.descendants.strike(sweep.number, self.found)
        until = time.monotonic() + SLICE
        for _ in self.look:
            if time.monotonic() >= until:
                return None
        self.look = None
        return self.found

    def looked(self, sweep: Sweep, found: Found) -> bool:
        inside = self.cgroup.members() - found.living
        running = len(found.running - found.refused) + len(inside)
        stopped = len(found.stopped - found.refused)
        if found.new and sweep.looks > 1 and not self.hurrying:
            self.hurrying = scheduling.hurry()
        outcome = sweep.looked(found.new, running, stopped, found.unsettled, time.monotonic())
        if outcome is Outcome.GOES_ON:
            if sweep.number == KILL:
                self.watch_some([*found.living, *inside])
            return False
        if outcome is Outcome.NOBODY_IS_LEFT:
            self.descendants.nobody_is_left()
            self.end(found.refused)
        else:
            self.end(found.living | inside)
        return True

    def watch_some(self, pids: Iterable[int]) -> None:
        room = max(0, WATCHED - len(self.watch.pids))
        try:
            self.watch.watch(list(pids)[:room])
        except OSError:
            pass  # no descriptors: the next look comes all the same

    def end(self, left: set[int]) -> None:
        self.sweep = None
        self.watch.forget()
        if self.hurrying:
            scheduling.as_ever()
            self.hurrying = False
        if left:
            many = "process" if len(left) == 1 else "processes"
            what = f"kill {len(left)} {many} of {self.path}: {some(left)}"
            errors.warn("supervise", f"unable to {what}")

    def leave(self) -> None:
        """The service is left."""
        self.cgroup.remove()


def some(pids: set[int]) -> str:
    """A few of them, so that the line stays one."""
    words = [str(pid) for pid in sorted(pids)]
    return " ".join(words[:SHOWN] + ["..."] * (len(words) > SHOWN))
