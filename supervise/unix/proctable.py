"""The processes of this machine, as /proc lists them. Source: proc(5)."""

from __future__ import annotations

import os
from typing import NamedTuple

from supervise.unix import files

DEAD = (b"Z", b"X")
LONGEST = 1024  # bytes of /proc/PID/stat up to the last field that matters, and more
# Among the fields of /proc/PID/stat after the name.
STATE, PARENT, GROUP, SESSION, STARTED = 0, 1, 2, 3, 19


class Process(NamedTuple):
    """What a process was when we looked."""

    pid: int
    state: bytes
    parent: int
    group: int
    session: int
    start_time: int  # clock ticks since the boot: with the pid this means one process and no other

    @property
    def living(self) -> bool:
        """Somebody who has ended and is not yet collected does not live."""
        return self.state not in DEAD


def process(pid: int) -> Process | None:
    """None where there is none of that number."""
    try:
        fields = files.read_head(f"/proc/{pid}/stat", LONGEST).rpartition(b")")[2].split()
    except OSError:
        return None
    if len(fields) <= STARTED:
        return None
    numbers = (int(fields[field]) for field in (PARENT, GROUP, SESSION, STARTED))
    return Process(pid, fields[STATE], *numbers)


def living(groups: set[int]) -> list[int]:
    """Who lives in these process groups.

    Raises OSError where there is no /proc.
    """
    found = map(process, numbers())
    return [one.pid for one in found if one is not None and one.living and one.group in groups]


def numbers() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def children(pid: int) -> list[int]:
    """The children of a process with one thread; none where the kernel does not tell."""
    try:
        return [int(word) for word in files.read_whole(f"/proc/{pid}/task/{pid}/children").split()]
    except OSError:
        return []


def environment(pid: int) -> list[bytes]:
    """What a program was started with; nothing where it may not be read, or is gone."""
    try:
        return files.read_whole(f"/proc/{pid}/environ").split(b"\0")
    except OSError:
        return []
