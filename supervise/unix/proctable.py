"""The processes of this machine, as /proc lists them. Source: proc(5)."""

from __future__ import annotations

import os

from supervise.unix import files

DEAD = (b"Z", b"X")
STATE, GROUP = 0, 2  # among the fields of /proc/PID/stat after the name


def living(groups: set[int]) -> list[int]:
    """Who lives in these process groups; somebody who has ended and is not yet collected does not.

    Raises OSError where there is no /proc.
    """
    return [pid for pid in numbers() if group_of(pid) in groups]


def numbers() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def group_of(pid: int) -> int | None:
    """The process group of one that lives; None for any other."""
    try:
        fields = files.read_whole(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    except OSError:
        return None
    return int(fields[GROUP]) if fields and fields[STATE] not in DEAD else None
