"""Open file numbers."""

from __future__ import annotations

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

STANDARD = (0, 1, 2)


def close(descriptor: int) -> None:
    """Close it. Linux frees the number whatever else it answers, and nothing is to be done about a
    pipe, a pidfd or what was only read."""
    try:
        os.close(descriptor)
    except OSError:
        pass


def open_standard() -> None:
    """Open /dev/null where 0, 1 or 2 is closed, lest a file of ours gets that number and what is
    written to it."""
    for number in STANDARD:
        if not is_open(number):
            move(os.open("/dev/null", os.O_RDWR), number)


def move(old: int, new: int) -> None:
    """Make `new` what `old` is, inherited by programs, and close `old`."""
    if old != new:
        os.dup2(old, new)
        os.close(old)
    else:
        os.set_inheritable(new, True)


def above_standard() -> list[int]:
    """Every open descriptor but 0, 1 and 2; and that of the listing itself, closed by now."""
    try:
        names = os.listdir("/proc/self/fd")
    except OSError:  # no /proc: try what a small program may have
        names = [str(number) for number in range(1024)]
    return [int(name) for name in names if int(name) not in STANDARD]


def close_on_exec_now(*kept: int) -> None:
    """Close every descriptor that exec would close, but for those that are to be kept."""
    for descriptor in above_standard():
        if descriptor not in kept and is_open(descriptor) and not survives_exec(descriptor):
            os.close(descriptor)


def close_all_but(kept: set[int]) -> None:
    """Close every descriptor above 2 that is not kept."""
    low = len(STANDARD)
    for descriptor in sorted(kept):
        os.closerange(low, descriptor)
        low = max(low, descriptor + 1)
    os.closerange(low, os.sysconf("SC_OPEN_MAX"))


def inherited() -> list[int]:
    """The descriptors above 2 that a program started by us would have."""
    return [descriptor for descriptor in above_standard() if survives_exec(descriptor)]


def is_open(descriptor: int) -> bool:
    """No other answer means that it is closed: what it leads to would be lost."""
    try:
        os.get_inheritable(descriptor)
    except OSError as error:
        return error.errno != errno.EBADF
    return True


def survives_exec(descriptor: int) -> bool:
    """Whether it is open, and a program that is exec'ed would have it."""
    try:
        return os.get_inheritable(descriptor)
    except OSError:
        return False


def set_all_inheritable(numbers: Iterable[int], inheritable: bool) -> None:
    """Whether programs that are exec'ed shall have these."""
    for descriptor in numbers:
        os.set_inheritable(descriptor, inheritable)
