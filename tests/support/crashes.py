"""A process that is killed at any of its system calls: before one, or halfway through. After one is
before the next."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

Moment = Literal["before", "halfway"]

CALLS = (
    "chmod",
    "close",
    "fchdir",
    "fchmod",
    "fsync",
    "ftruncate",
    "link",
    "listdir",
    "open",
    "pread",
    "pwrite",
    "read",
    "rename",
    "splice",
    "stat",
    "unlink",
    "write",
)
DIVISIBLE = {"splice", "write"}
KILLED, KILLED_IN_DIVISIBLE = 137, 138  # exit codes


class Countdown:
    """Ends this process, and not its children, at one of its calls of os, counted from 0."""

    def __init__(self, number: int, moment: Moment) -> None:
        self.pid = os.getpid()
        self.left = number
        self.moment = moment
        for name in CALLS:
            setattr(os, name, self.counted(name, getattr(os, name)))

    def counted(self, name: str, call: Callable[..., object]) -> Callable[..., object]:
        def counted(*arguments: object, **options: object) -> object:
            self.left -= os.getpid() == self.pid
            if self.left != -1:
                return call(*arguments, **options)
            if self.moment == "halfway":
                with suppress(OSError):
                    halve(name, call, *arguments, **options)
            os._exit(KILLED_IN_DIVISIBLE if name in DIVISIBLE else KILLED)

        return counted


def halve(name: str, call: Callable[..., object], *arguments: object, **options: object) -> None:
    """Do the first part of a call that can be cut short."""
    first, second, *others = [*arguments, None]
    if name == "write" and isinstance(second, bytes):
        call(first, second[: len(second) // 2])
    elif name == "splice":
        size = others[0]
        assert isinstance(size, int)
        call(first, second, max(1, size // 3), **options)
