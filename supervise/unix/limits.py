"""Resource limits of this process and of what it starts."""

from __future__ import annotations

import errno
import resource

Limit = tuple[int, int]

WORD = 2**64  # a limit is an unsigned long; the largest means «no limit»


def raise_open_files() -> Limit:
    """Allow ourselves all open files that we may have; returns the limit as it was."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    set_open_files((before[1], before[1]))
    return before


def set_open_files(limit: Limit) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, limit)


def get(kind: int) -> Limit:
    """The soft and the hard limit, as the unsigned numbers that C sees."""
    soft, hard = resource.getrlimit(kind)
    return soft % WORD, hard % WORD


def put(kind: int, limit: Limit) -> None:
    """Set the soft and the hard limit, in the same numbers."""
    soft, hard = (signed(number) for number in limit)
    try:
        resource.setrlimit(kind, (soft, hard))
    except ValueError as error:  # which is what Python makes of two error numbers
        refused = "not allowed" in str(error)
        raise OSError(errno.EPERM if refused else errno.EINVAL, str(error)) from error


def signed(number: int) -> int:
    """The number as Python wants it: «no limit» is -1 there."""
    return number - WORD if number >= WORD // 2 else number
