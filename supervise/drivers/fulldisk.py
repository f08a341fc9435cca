"""What a log directory does when something cannot be written: wait, make room, or do without.

The default is that of the originals: to wait, and the writer with us. A directory may choose to
remove its oldest logs instead, or to drop lines and say later how many.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import TypeVar

from supervise import errors
from supervise.drivers.orders import PROGRAM, Orders, Stopped
from supervise.formats.logscript import Full
from supervise.machines.oldlogs import old

FULL = {errno.ENOSPC, errno.EDQUOT}
T = TypeVar("T")


class Dropped(Exception):
    """Something could not be written, and is not waited for."""


class Persistence:
    """What follows a step that failed, in one directory: a warning, a pause, and the step again."""

    def __init__(self, name: str, orders: Orders) -> None:
        self.name = name
        self.orders = orders
        self.pauses = orders.pauses
        self.directory: int | None = None  # once it is open; until then all of them wait

    def insist(self, what: str, step: Callable[[], T]) -> T:
        return self.orders.insist(what, step)

    def pause(self, seconds: float) -> None:
        self.orders.pause(seconds)


class DeleteOldest(Persistence):
    """Removes the directory's oldest logs until there is room; waits when there is none left."""

    def insist(self, what: str, step: Callable[[], T]) -> T:
        return self.orders.insist(what, lambda: self.making_room(what, step))

    def making_room(self, what: str, step: Callable[[], T]) -> T:
        while True:
            try:
                return step()
            except OSError as error:
                if error.errno not in FULL or not self.remove_oldest(what, error):
                    raise

    def remove_oldest(self, what: str, trouble: OSError) -> bool:
        """Whether there was one to remove."""
        if self.directory is None:
            return False
        oldest = min(old(map(os.fsencode, os.listdir(self.directory))), default=None)
        if oldest is None:
            return False
        os.unlink(oldest, dir_fd=self.directory)
        gone = f"{self.name}/{os.fsdecode(oldest)}"
        errors.warn(PROGRAM, f"unable to {what}, removing {gone}: {errors.reason(trouble)}")
        return True


class Drop(Persistence):
    """Has what could not be written dropped; told is only the first trouble until it is over."""

    troubled: str | None = None  # what could not be done

    def insist(self, what: str, step: Callable[[], T]) -> T:
        if self.directory is None:
            return self.orders.insist(what, step)
        try:
            done = step()
        except OSError as error:
            if self.troubled != what:
                reason = errors.reason(error)
                errors.warn(PROGRAM, f"unable to {what}, dropping lines: {reason}")
            self.troubled = what
            raise Dropped from None
        if self.troubled == what:
            self.troubled = None
        return done

    def pause(self, seconds: float) -> None:
        if self.directory is None:
            self.orders.pause(seconds)
            return
        self.orders.look()
        raise Stopped if self.orders.stop else Dropped


KINDS: dict[Full, type[Persistence]] = {"block": Persistence, "delete": DeleteOldest, "drop": Drop}
