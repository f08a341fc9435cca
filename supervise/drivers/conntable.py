"""The table of connections, in memory that the parent and its children share.

The parent gives each child a row and takes it back when the child has ended. A child enters there
who its client is, and counts the others, under a lock that the kernel releases should it die: so
the count is exact, whoever comes at the same time, and though only the child knows the address of
a client that a proxy brings.

It is anonymous memory and no file, which would be subject to the limit on the size of files, that
of the programs we run.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator, Sequence

from supervise.errors import unable_to
from supervise.formats import connrow
from supervise.formats.connlimits import Limit
from supervise.formats.connrow import ACCEPTED, FREE, HEAD, Row
from supervise.machines import admission
from supervise.machines.admission import Verdict
from supervise.unix import locks


class ConnTable:
    """The table as the parent keeps it."""

    def __init__(self, rows: int) -> None:
        with unable_to("make a table of connections"):
            self.memory = mmap.mmap(-1, connrow.at(rows))
            self.lock = os.memfd_create("connections")
        self.used = 0
        self.free: list[int] = []
        self.of_children: dict[int, int] = {}

    def take(self, ip: bytes, now: float) -> Place:
        """A row for a connection that was accepted. There must be one, which the limit sees to."""
        if self.free:
            number = self.free.pop()
        else:
            number, self.used = self.used, self.used + 1
        place = Place(self.memory, self.lock, number, now)
        place.write(ACCEPTED, ip)
        HEAD.pack_into(self.memory, 0, self.used)
        return place

    def give(self, place: Place, pid: int) -> None:
        """The row is that of a child now."""
        self.of_children[pid] = place.number

    def hand_on(self, pid: int, heir: int) -> None:
        """A child has ended, but another process still serves the connection."""
        if pid in self.of_children:
            self.of_children[heir] = self.of_children.pop(pid)

    def take_back(self, place: Place) -> None:
        """There is no child for it."""
        place.leave(FREE)
        self.free.append(place.number)

    def end(self, pid: int) -> bool:
        """A child has ended; whether it had a row."""
        number = self.of_children.pop(pid, None)
        if number is None:
            return False
        self.memory[connrow.at(number)] = FREE
        self.free.append(number)
        return True

    def connections(self) -> Iterator[tuple[int, Row]]:
        """The children and their rows, the oldest first."""
        for pid, number in self.of_children.items():
            at = connrow.at(number)
            yield pid, connrow.unpack(self.memory[at : at + connrow.SIZE])


class Place:
    """One row of the table, as the child of that connection uses it."""

    def __init__(self, memory: mmap.mmap, lock: int, number: int, since: float) -> None:
        self.memory = memory
        self.lock = lock
        self.number = number
        self.since = since

    def enter(
        self, stage: int, ip: bytes, limits: Sequence[Limit], name: bytes | None = None
    ) -> Verdict:
        """Get to a stage, unless those who got there before make it too many."""
        with unable_to("count connections"), locks.records(self.lock):
            verdict = admission.judge(limits, ip, self.others(stage) if limits else ())
            if verdict.refusal is None:
                self.write(stage, ip, name)
        return verdict

    def leave(self, stage: int = ACCEPTED) -> None:
        """Be counted no more."""
        self.memory[connrow.at(self.number)] = stage

    def others(self, stage: int) -> list[bytes]:
        (used,) = HEAD.unpack_from(self.memory)
        return connrow.reached(stage, self.memory[connrow.at(0) : connrow.at(used)])

    def write(self, stage: int, ip: bytes, name: bytes | None = None) -> None:
        packed = connrow.pack(Row(stage, self.since, ip, name))
        at = connrow.at(self.number)
        self.memory[at + 1 : at + connrow.SIZE] = packed[1:]
        self.memory[at] = stage
