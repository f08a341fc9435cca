"""A log directory: `current`, and old logs named by the time of their end.

The mode of a file says how far it got: 0744 is complete and on disk, 0644 is not. The spool says
more of a file that is not: which bytes of the stream it has. So a kill costs nothing, and where
something cannot be written when we are told to stop, the next multilog writes it.
"""

from __future__ import annotations

import os
from contextlib import suppress

from supervise import errors
from supervise.drivers import leftlogs
from supervise.drivers.archive import Archive
from supervise.drivers.currentlog import COMPLETE, CurrentLog
from supervise.drivers.fulldisk import Dropped, Persistence
from supervise.drivers.orders import PROGRAM, Stopped
from supervise.drivers.processor import Processor
from supervise.drivers.spool import NAME, Spool
from supervise.formats.spool import Block, Output, Point, Record
from supervise.machines import resumption, rotation
from supervise.machines.logline import Segment
from supervise.machines.routing import Followed
from supervise.unix import files, locks

BOUNDLESS = 2**62
NO_BLOCK = Block(0, 0, b"", Point())


class LogDirectory:
    """One log directory, locked for us alone; made with mode 0700 where it is not there."""

    def __init__(
        self,
        name: str,
        size: int,
        number: int,
        followed: Followed,
        persistence: Persistence,
        processor: Processor | None = None,
    ) -> None:
        self.name = name
        self.followed = followed
        self.persistence = persistence
        self.abandoned = False  # told to stop in trouble: nothing is written from then on
        self.directory, self.lock = enter(name)
        self.spool = Spool(name, self.directory, persistence)
        left = self.spool.left
        self.stream = left.stream if left else b""
        self.block, self.followed_before = NO_BLOCK, False
        self.dropped, self.telling = 0, False  # lines, and whether we are just telling of them
        archive = Archive(name, number, persistence)
        self.current = CurrentLog(self.directory, size, archive, processor, self.keep)
        leftlogs.open_current(self.current, self.spool)
        persistence.directory = self.directory

    @property
    def room(self) -> int:
        """How many bytes can be written before their pieces matter."""
        return BOUNDLESS if self.abandoned else self.current.rotation.room

    # what is kept for whoever must go on

    def keep(self) -> None:
        output = Output(
            self.current.written, self.current.base, self.current.inode, self.current.rotating
        )
        stream = (self.stream, self.block, self.followed_before)
        with suppress(Dropped):  # told; a kill may cost something until there is room again
            self.spool.keep(Record(*stream, output, self.dropped, self.telling))

    def begin(self, block: Block, followed: bool, written: int = 0) -> None:
        """What is written from now on is the output of that block, of which so many bytes are
        written already."""
        self.block, self.followed_before = block, followed
        self.current.count_from_here(written)
        self.keep()
        with suppress(Dropped):
            self.current.mark()

    def settle(self, position: int, point: Point) -> None:
        """Everything before that place of the stream is where it belongs."""
        if not self.abandoned:
            with stopping(self):
                self.begin(Block(position, position, b"", point), self.followed.follows)

    # writing

    def take(self, segments: list[Segment], block: Block, after: Point) -> None:
        """Write what is selected of a block."""
        followed = self.followed.follows
        selected = self.followed.take(segments)
        if (selected or self.dropped) and not self.abandoned:
            with stopping(self):
                self.telling = self.dropped > 0
                self.begin(block, followed)
                self.put(selected, after)

    def put(self, segments: list[Segment], after: Point) -> None:
        told = resumption.notice(self.block.stamp, self.dropped)
        try:
            self.current.write(told)
            self.write(segments)
        except Dropped:
            self.drop(told + rotation.joined(segments), len(told), after)
        else:
            self.dropped, self.telling = 0, False

    def write(self, segments: list[Segment]) -> None:
        whole = rotation.joined(segments)
        if len(whole) <= self.room:
            self.current.write(whole)
            return
        for chunk in rotation.writes(segments):
            self.current.write(chunk)

    def drop(self, output: bytes, told: int, after: Point) -> None:
        """Give up what of an output cannot be written, to whole lines, and count it."""
        lost = resumption.loss(output, told, self.current.written, self.dropped)
        try:
            self.current.cut()
        except OSError as error:
            reason = errors.reason(error)
            errors.warn(PROGRAM, f"unable to truncate {self.current.name}: {reason}")
        self.dropped, self.telling = lost.dropped, False
        self.followed.follows = False
        until = self.block.until
        self.begin(Block(until, until, b"", after), False)

    def rotate_early(self) -> None:
        """Rotate now, where there is anything to rotate."""
        if self.current.rotation.size and not self.abandoned:
            with stopping(self), suppress(Dropped):  # told; gone on with at the next line
                self.current.rotate()

    # going on after a kill

    def resume(self, lines: list[Segment], block: Block, after: Point, left: Record) -> None:
        """Write what is not yet there of the block that was being worked on."""
        self.dropped, self.telling = left.dropped, left.telling
        self.followed.follows = left.followed
        told = resumption.notice(block.stamp, left.dropped) if left.telling else b""
        output = told + rotation.joined(self.followed.take(lines))
        with stopping(self):
            rest = self.find_rest(output, left.output)
            self.begin(block, left.followed, len(output) - len(rest))
            try:
                self.current.write(rest)
            except Dropped:
                self.drop(output, len(told), after)
                return
            if told:
                self.dropped, self.telling = 0, False

    def find_rest(self, output: bytes, left: Output) -> bytes:
        if left.rotating:
            return output[left.done :]
        os.fchdir(self.directory)
        with errors.unable_to(f"read {self.name}"):
            there = leftlogs.content_of(left)
        rest = resumption.rest(output, left.done, there)
        if not rest.expected and self.current.inode == left.file:
            self.current.close()
            leftlogs.set_aside(self.current.archive)
            self.current.open()
        return rest.text

    # finishing

    def finish(self, block: Block) -> None:
        """Make `current` complete, so that the next multilog goes on with it; where that cannot be
        done, the next one will find in the spool what is left to do."""
        self.take([], block, block.before)  # in case that there is a loss to be told
        if not self.abandoned:
            with stopping(self):
                self.complete()
        self.abandoned |= bool(self.dropped)
        if self.abandoned:
            errors.warn(PROGRAM, f"stopped, going on with {self.spool.name} at the next start")

    def complete(self) -> None:
        file, descriptor = self.current.name, self.current.descriptor
        try:
            self.persistence.insist(f"write {file} to disk", lambda: os.fsync(descriptor))
            self.persistence.insist(f"set mode of {file}", lambda: os.fchmod(descriptor, COMPLETE))
        except Dropped:
            self.abandoned = True

    def remove_spool(self) -> None:
        """Nothing is left to do for the next one."""
        try:
            os.unlink(NAME, dir_fd=self.directory)
        except OSError:
            pass  # it says the same


class stopping:
    """Inside the block a directory gives up where it is told to stop in trouble."""

    def __init__(self, directory: LogDirectory) -> None:
        self.directory = directory

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: object
    ) -> bool:
        self.directory.abandoned |= isinstance(error, Stopped)
        return isinstance(error, Stopped)


def enter(name: str) -> tuple[int, int]:
    """Make, open, enter and lock a directory; returns its descriptor and that of its lock."""
    try:
        os.mkdir(name, 0o700)
    except OSError:
        pass  # there already; whatever else is wrong shows itself next
    with errors.unable_to(f"open directory {name}"):
        directory = files.open_read(name)
        os.fchdir(directory)
    with errors.unable_to(f"lock directory {name}"):
        lock = files.open_append("lock")
        locks.exclusive(lock, wait=False)
    return directory, lock
