"""Finished logs: given their label, made safe from being clobbered, and trimmed to a number.

All of it happens in the log directory, which must be the current one.
"""

from __future__ import annotations

import os

from supervise import errors
from supervise.drivers import clock
from supervise.drivers.orders import PROGRAM, Orders
from supervise.formats import tai64
from supervise.machines.oldlogs import Labels, surplus

SAFE, UNFINISHED = "s", "u"


class Archive:
    """The old logs of one directory."""

    def __init__(self, name: str, number: int, orders: Orders) -> None:
        self.name = name
        self.number = number
        self.orders = orders
        self.labels = Labels()

    def add(self, file: str, code: str) -> None:
        """Give a file its label, now, and the code that says whether it is complete; nothing
        happens where there is no such file."""
        links = self.orders.insist(f"stat {self.name}/{file}", lambda: count_links(file))
        if links == 0:
            return
        if links == 1:  # with two, a multilog was killed between the link and the removal
            self.link(file, code)
        self.orders.insist(f"remove {self.name}/{file}", lambda: os.unlink(file))
        self.trim()

    def link(self, file: str, code: str) -> None:
        while True:
            label = tai64.label(self.labels.next(clock.now().tai)).decode()
            new = f"{label}.{code}"
            try:
                os.link(file, new)
                return
            except FileExistsError:
                continue  # the next label is a later one
            except OSError as error:
                what = f"unable to link to {self.name}/{new}, pausing"
                errors.warn(PROGRAM, f"{what}: {errors.reason(error)}")
            self.orders.pause()

    def trim(self) -> None:
        """Remove the oldest logs. One that cannot be removed is left; the originals would try it
        for ever."""
        names = self.orders.insist(f"read {self.name}", lambda: os.listdir(b"."))
        for name in surplus(names, self.number):
            try:
                os.unlink(name)
            except OSError as error:
                what = f"unable to remove {self.name}/{os.fsdecode(name)}"
                errors.warn(PROGRAM, f"{what}: {errors.reason(error)}")


def count_links(file: str) -> int:
    """How many names a file has; 0 where it is not there."""
    try:
        return os.stat(file).st_nlink
    except FileNotFoundError:
        return 0
