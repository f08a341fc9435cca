"""Pipes."""

from __future__ import annotations

import fcntl
import os


def make() -> tuple[int, int]:
    """The read and the write end, closed on exec, and never 0, 1 or 2 even where those are
    closed."""
    read_end, write_end = os.pipe()
    return above_standard(read_end), above_standard(write_end)


def above_standard(descriptor: int) -> int:
    if descriptor > 2:
        return descriptor
    copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(descriptor)
    return copy
