"""What /proc/PID/stat says of a process. Source: proc(5)."""

from __future__ import annotations

AFTER_NAME = 3  # the number of the first field behind the name, which may hold anything
START_TIME = 22  # in clock ticks since the machine's start


def start_time(stat: bytes) -> int | None:
    """When the process started, in clock ticks since the boot; None for what is no such record."""
    fields = stat.rpartition(b") ")[2].split()
    try:
        return int(fields[START_TIME - AFTER_NAME])
    except (IndexError, ValueError):
        return None
