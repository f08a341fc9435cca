"""Open file numbers."""

from __future__ import annotations

import fcntl
import os

STANDARD = (0, 1, 2)


def open_standard() -> None:
    """Open /dev/null where 0, 1 or 2 is closed, lest a file of ours gets that number and what is
    written to it."""
    for number in STANDARD:
        try:
            fcntl.fcntl(number, fcntl.F_GETFD)
        except OSError:
            move(os.open("/dev/null", os.O_RDWR), number)


def move(old: int, new: int) -> None:
    """Make `new` what `old` is, inherited by programs, and close `old`."""
    if old != new:
        os.dup2(old, new)
        os.close(old)
    else:
        os.set_inheritable(new, True)


def above_standard() -> list[int]:
    """Every open descriptor but 0, 1 and 2."""
    try:
        names = os.listdir("/proc/self/fd")
    except OSError:  # no /proc: try what a small program may have
        names = [str(number) for number in range(1024)]
    return [int(name) for name in names if int(name) not in STANDARD]


def close_on_exec_now() -> None:
    """Close every descriptor that exec would close."""
    for descriptor in above_standard():
        try:
            if fcntl.fcntl(descriptor, fcntl.F_GETFD) & fcntl.FD_CLOEXEC:
                os.close(descriptor)
        except OSError:
            pass  # the listing's own descriptor, gone by now


def close_all_but(kept: set[int]) -> None:
    """Close every descriptor above 2 that is not kept."""
    low = 3
    for descriptor in sorted(kept):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX"))


def inherited() -> list[int]:
    """The descriptors above 2 that a program started by us would have."""
    return [descriptor for descriptor in above_standard() if survives_exec(descriptor)]


def survives_exec(descriptor: int) -> bool:
    try:
        return not fcntl.fcntl(descriptor, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    except OSError:
        return False  # the listing's own descriptor, gone by now


def is_open(descriptor: int) -> bool:
    try:
        fcntl.fcntl(descriptor, fcntl.F_GETFD)
    except OSError:
        return False
    return True
