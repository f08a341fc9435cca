"""Who descends from a service, however far it has gone: other sessions, other parents, other names.

While its supervise lives this is a matter of parents alone, since a subreaper inherits whoever is
orphaned below it, and nobody can leave that. After a supervise was killed, those who had been
orphaned before belong to whoever inherited the child too (svscan, as a rule), beside those of other
services; they are known by a variable that every program of the service is started with, and by the
session of the child. One that has left that session, and wiped or overwritten its environment, is
not found then, unless the service has a control group. (A process between supervise and child, a
subreaper too, would hold them together; it would be one more for each service, one more that can be
killed, and the exit status would have to pass through it.)

A number in /proc may be somebody else's a moment later: whoever is to be signalled is first held by
a pidfd, and then looked at again, and so is the parent that makes it one of ours.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

from supervise.unix import processes, proctable
from supervise.unix.proctable import Process

VARIABLE = "SUPERVISE_KILL_ALL"
STOPPED = b"TtD"  # a process that is told to stop while it waits in the kernel stops there
STOP = signal.SIGSTOP


class Found:
    """What one look at all processes has found of a service."""

    def __init__(self) -> None:
        self.new = 0  # not seen before
        self.running: set[int] = set()  # and so may fork
        self.stopped: set[int] = set()
        self.unsettled = 0  # orphans who have ended, perhaps not without having forked
        self.refused: set[int] = set()  # we may not signal them

    @property
    def living(self) -> set[int]:
        return self.running | self.stopped


class Descendants:
    """Those of the service of the current directory.

    Made before there is a child. Where we have children already, these and what they start are none
    of it, and only who is marked is taken from among those who come to us as orphans.
    """

    def __init__(self) -> None:
        self.me = os.getpid()
        about = os.stat(".")
        self.mark = f"{about.st_dev:x}.{about.st_ino:x}"
        self.entry = os.fsencode(f"{VARIABLE}={self.mark}")
        self.session = os.getsid(0)
        self.had_children = bool(proctable.children(self.me))
        self.heirs: set[int] = set()  # who may have inherited what a killed supervise has left
        self.sessions: set[int] = set()  # of the children that were adopted
        self.known: dict[int, int] = {}  # start times by pid, since the sweep began

    def adopt(self, pid: int | None) -> None:
        """We are not the first supervise of the service; the last one had this child."""
        self.heirs |= {1, os.getppid()}
        child = proctable.process(pid) if pid is not None else None
        if pid is not None:
            self.sessions.add(pid)
        if child is not None:
            self.heirs.add(child.parent)

    def begin(self, child: tuple[int, int] | None) -> None:
        """A sweep begins; the child, by pid and start time, may be living yet."""
        self.known = {} if child is None else dict([child])

    def nobody_is_left(self) -> None:
        """Whoever will be orphaned from now on comes to us."""
        self.heirs.clear()
        self.sessions.clear()

    def strike(self, number: int, found: Found) -> Iterator[None]:
        """Signal all of them; who is forked meanwhile is found now or the next time. Yields after
        each process, so that the caller can do something else in between."""
        struck: set[int] = set()
        # Those of another subreaper are collected by it before we can see that they have ended; and
        # the list of its children may leave one out while others end, proc(5).
        found.unsettled += bool(self.heirs)
        # Orphans first: one that forks and ends, again and again, is soon no longer there.
        first = {pid for heir in (self.me, *self.heirs) for pid in proctable.children(heir)}
        for pid in [*first, *(set(proctable.numbers()) - first)]:
            one = proctable.process(pid)
            if one is None:
                found.unsettled += pid in first
            elif self.is_ours(one):
                self.count(one, found)
                done = number == STOP and pid in found.stopped
                if one.living and not done and not self.signal(one, number, struck):
                    found.refused.add(pid)
            yield

    def count(self, one: Process, found: Found) -> None:
        is_new = self.known.get(one.pid) != one.start_time
        found.new += is_new
        self.known[one.pid] = one.start_time
        if not one.living:
            found.unsettled += one.parent == self.me  # we have not collected it yet
        elif one.state in STOPPED and not is_new:
            found.stopped.add(one.pid)
        else:
            found.running.add(one.pid)

    def signal(self, one: Process, number: int, struck: set[int]) -> bool:
        """To that very process and to its group, which cannot fork meanwhile; whether we may."""
        try:
            pidfd = os.pidfd_open(one.pid)
        except OSError:
            return True  # it is gone; or there are no descriptors left, and we try again
        try:
            again = proctable.process(one.pid)
            if again is None or again.start_time != one.start_time:
                return True
            processes.send(pidfd, number)
            # A session that is not ours was made by one of them, and so are all its groups theirs.
            if again.group not in struck and again.session != self.session:
                struck.add(again.group)
                processes.send_to_group(again.group, number)
        except PermissionError:
            return False
        finally:
            os.close(pidfd)
        return True

    def is_ours(self, one: Process) -> bool:
        if one.pid == self.me:
            return False
        if self.known.get(one.pid) == one.start_time:
            return True
        if one.parent == self.me:
            return not self.had_children or self.is_marked(one)
        if one.parent in self.known:
            return birth(one.parent) == (one.parent, self.known[one.parent])
        if one.parent in self.heirs:
            return one.session in self.sessions or self.is_marked(one)
        return False

    def is_marked(self, one: Process) -> bool:
        return self.entry in proctable.environment(one.pid)


def birth(pid: int) -> tuple[int, int] | None:
    """The process of that number, and no other that may have it later."""
    one = proctable.process(pid)
    return (pid, one.start_time) if one is not None else None
