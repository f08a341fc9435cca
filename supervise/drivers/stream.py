"""The stream that a multilog reads: moved into the spool of one of its log directories before
anything is done with it, and forgotten there when all of them have it.
"""

from __future__ import annotations

from collections.abc import Sequence

from supervise.drivers.fulldisk import Dropped
from supervise.drivers.logdir import LogDirectory
from supervise.drivers.spool import Spool, read_input
from supervise.formats.spool import Point

ENOUGH = 262144  # bytes in the spool, after which it is begun anew though more is waiting


class Unkept:
    """A stream without log directories: nobody could go on with it."""

    kept, pending = False, False

    def __init__(self) -> None:
        self.position = 0

    def next(self, size: int, point: Point) -> bytes:
        return read_input(size)

    def again(self, size: int) -> bytes:
        return b""

    def end_line(self) -> bytes:
        return b"\n"

    def forget(self, point: Point) -> bool:
        return False

    def forget_much(self, point: Point) -> None:
        pass


class Kept:
    """A stream for some log directories, in the spool of one of them."""

    def __init__(self, directories: Sequence[LogDirectory], spool: Spool) -> None:
        self.directories = directories
        self.spool = spool
        self.insist = spool.persistence.insist
        self.position = 0  # of what comes next, in the spool
        self.kept = True  # whether what came last is in the spool

    @property
    def pending(self) -> bool:
        """Whether there is something to be had without waiting."""
        return bool(self.spool.pending)

    def begin(self, name: bytes, position: int, point: Point) -> None:
        """All directories are there in the stream, which has that name."""
        self.position = position
        for directory in self.directories:
            directory.stream = name
        self.settle(point)

    def next(self, size: int, point: Point) -> bytes:
        """So many bytes of the input at most; empty at its end.

        Raises BlockingIOError where there is nothing after all, Stopped when told to stop while
        they cannot be put into the spool.
        """
        try:
            moved = self.insist(f"write to {self.spool.name}", lambda: self.move(size, point))
        except Dropped:
            self.kept = False
            return self.spool.take_unkept(size)
        self.kept = True
        if moved is None:
            raise BlockingIOError
        return self.spool.read(self.position, self.position + moved)

    def again(self, size: int) -> bytes:
        """What is in the spool already."""
        return self.spool.read(self.position, self.position + size)

    def move(self, size: int, point: Point) -> int | None:
        """How many bytes were moved; None where nothing is there."""
        try:
            return self.spool.move(size, self.position)
        except BlockingIOError:
            return None
        except OSError:
            if not self.forget(point):
                raise
        return self.move(size, point)

    def end_line(self) -> bytes:
        """The newline that the stream has not ended with."""
        try:
            self.spool.insist_on_adding(b"\n", self.position)
        except Dropped:
            self.kept = False
        return b"\n"

    def forget_much(self, point: Point) -> None:
        """Do not let the spool grow for ever, though more is waiting."""
        if self.position >= ENOUGH:
            self.forget(point)

    def forget(self, point: Point) -> bool:
        """Begin the spool anew, since every directory has all that came; whether that was done.

        They say so before and after: a spool that is empty was cut between.
        """
        if self.position == 0 or not self.settle(point):
            return False
        try:
            self.spool.cut()
        except Dropped:
            return False
        self.position = 0
        return self.settle(point)

    def settle(self, point: Point) -> bool:
        """Have each directory note that it has all that came; whether each could."""
        for directory in self.directories:
            directory.settle(self.position, point)
        return not any(directory.abandoned for directory in self.directories)
