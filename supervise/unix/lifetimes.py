"""How long a process has lived, as the kernel knows it whatever happens to the clock."""

from __future__ import annotations

import os
import time

from supervise.unix import files

STARTED = 19  # among the fields of /proc/PID/stat after the name, proc(5): field 22 of all


def seconds(pid: int) -> float:
    """FileNotFoundError where there is no such process."""
    age = time.clock_gettime(time.CLOCK_BOOTTIME)
    return age - start_time(pid) / os.sysconf("SC_CLK_TCK")


def start_time(pid: int) -> int:
    """When it started, in clock ticks since the boot: with its number this means one process and no
    other. OSError where there is no such process, or no /proc."""
    fields = files.read_whole(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return int(fields[STARTED])
