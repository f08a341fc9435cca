"""A file that shows the last line: 1001 bytes, padded with newlines; foreign tools read it."""

from __future__ import annotations

import os
from collections.abc import Callable

from supervise import errors
from supervise.drivers.orders import Orders, Stopped
from supervise.unix import files

SIZE = 1001


class StatusFile:
    """One status file, kept open. Not cut first: what was longer keeps its tail, as ever."""

    def __init__(self, name: str, orders: Orders) -> None:
        self.name = name
        self.orders = orders
        self.abandoned = False  # told to stop before it could be written
        with errors.unable_to(f"create {name}"):
            os.close(files.open_append(name))
        with errors.unable_to(f"write {name}"):
            self.descriptor = files.open_write(name)

    def show(self, line: bytes) -> None:
        """Replace what the file shows. When told to stop in trouble, later lines are not shown
        either."""
        if self.abandoned:
            return
        try:
            self.orders.insist(f"move to beginning of {self.name}", self.rewind)
            self.write(line.ljust(SIZE, b"\n"))
        except Stopped:
            self.abandoned = True

    def rewind(self) -> None:
        os.lseek(self.descriptor, 0, os.SEEK_SET)

    def write(self, record: bytes) -> None:
        rest = memoryview(record)
        while rest:
            rest = rest[self.orders.insist(f"write {self.name}", self.writing(rest)) :]

    def writing(self, rest: memoryview) -> Callable[[], int]:
        return lambda: os.write(self.descriptor, rest)
