"""From a stream to the places of a script.

The stream is read in large blocks, and worked on as if it had come in the small reads of the
originals wherever that decides where a file ends.
"""

from __future__ import annotations

import os

from supervise import errors
from supervise.drivers import clock
from supervise.drivers.fulldisk import KINDS
from supervise.drivers.logdir import BOUNDLESS, LogDirectory
from supervise.drivers.orders import Orders, Stopped
from supervise.drivers.processor import Execute, Processor
from supervise.drivers.recovery import point, recover
from supervise.drivers.statusfile import StatusFile
from supervise.drivers.stream import Kept, Unkept
from supervise.formats import logscript, pattern, tai64
from supervise.formats.logscript import Script
from supervise.formats.spool import Block, Point
from supervise.machines import routing
from supervise.machines.logline import Lines, Segment
from supervise.machines.routing import Followed
from supervise.unix import files

BLOCK = 65536  # bytes read at once: what a pipe holds
LARGEST = 4 * BLOCK  # bytes of one object that a block may become
COPIED = 200  # bytes of a line that standard error gets


class StandardError:
    """Where copies of lines go. Trouble there has nowhere to be told and is ignored."""

    abandoned = False

    def show(self, line: bytes) -> None:
        try:
            files.write_all(2, line[:COPIED] + b"..." * (len(line) > COPIED) + b"\n")
        except OSError:
            pass


class Places:
    """What a script writes to, open: status files and standard error by their number in the
    script, and log directories."""

    def __init__(self, script: Script, start: int, orders: Orders, execute: Execute) -> None:
        self.selections = {
            number: pattern.selection(place.choices)
            for number, place in enumerate(script.places)
            if not isinstance(place, logscript.Directory)
        }
        self.single: dict[int, StandardError | StatusFile] = {
            number: StatusFile(os.fsdecode(place.path), orders)
            if isinstance(place, logscript.Status)
            else StandardError()
            for number, place in enumerate(script.places)
            if not isinstance(place, logscript.Directory)
        }
        self.statuses = {
            number for number, place in self.single.items() if isinstance(place, StatusFile)
        }
        self.directories = [
            open_directory(place, start, orders, execute)
            for place in script.places
            if isinstance(place, logscript.Directory)
        ]

    @property
    def room(self) -> int:
        return min((directory.room for directory in self.directories), default=BOUNDLESS)

    @property
    def abandoned(self) -> bool:
        """Whether anything could not be written where it belongs before we had to stop."""
        directories = any(directory.abandoned for directory in self.directories)
        return directories or any(place.abandoned for place in self.single.values())

    def put(self, segments: list[Segment], block: Block, after: Point) -> None:
        if self.selections:
            shown = routing.shown(self.selections, segments)
            for number, line in routing.latest(shown, self.statuses):
                self.single[number].show(line)
        for directory in self.directories:
            directory.take(segments, block, after)

    def rotate(self) -> None:
        for directory in self.directories:
            directory.rotate_early()

    def finish(self, block: Block) -> None:
        """Complete every log. What the spools say is needed where something is left to do: a line
        that goes on, or anything in one of them."""
        for directory in self.directories:
            directory.finish(block)
        if block.before == Point() and not any(each.abandoned for each in self.directories):
            for directory in self.directories:
                directory.remove_spool()


def open_directory(
    place: logscript.Directory, start: int, orders: Orders, execute: Execute
) -> LogDirectory:
    """Open a log directory whose name is seen from the starting directory."""
    with errors.unable_to("switch to starting directory"):
        os.fchdir(start)
    name = os.fsdecode(place.path)
    persistence = KINDS[place.full](name, orders)
    processor = None
    if place.processor is not None:
        processor = Processor(name, os.fsdecode(place.processor), persistence, execute)
    followed = Followed(pattern.selection(place.choices))
    return LogDirectory(name, place.size, place.number, followed, persistence, processor)


class Intake:
    """Standard input, read until it ends or until told to stop."""

    def __init__(self, stamped: bool, places: Places, orders: Orders) -> None:
        self.stamped = stamped
        self.places = places
        self.orders = orders
        self.lines = Lines()
        self.stream: Kept | Unkept = Unkept()
        self.ended = False
        self.stopped = False  # told to stop while the rest of a line could not be read

    def run(self) -> None:
        # Once something so large was freed, glibc no longer gives the top of its heap back after
        # each block, to ask for it again at the next; mallopt(3), M_MMAP_THRESHOLD.
        bytes(LARGEST)
        if self.places.directories:
            self.go_on()
        try:
            while block := self.read():
                self.take(block)
            if self.ended and self.lines.midline:
                self.take(self.stream.end_line())
            self.stream.forget(point(self.lines))
        except Stopped:
            self.stopped = self.lines.midline
        place = self.stream.position
        self.places.finish(Block(place, place, self.stamp(), point(self.lines)))

    @property
    def abandoned(self) -> bool:
        """Whether anything could not be done before we had to stop."""
        return self.stopped or self.places.abandoned

    def go_on(self) -> None:
        """Work on what a multilog has left that was killed."""
        self.stream, self.lines, waiting = recover(self.places.directories, self.stamp)
        while waiting and not self.places.abandoned:
            block = self.stream.again(min(waiting, BLOCK))
            self.take(block)
            waiting -= len(block)

    def read(self) -> bytes:
        """The next block; empty at the end, for which trouble counts too, as ever.

        Told to stop, we read to the end of the line byte by byte, so that the next reader finds
        the first byte that is not ours.
        """
        while not self.done():
            if self.stream.pending or self.ready():
                try:
                    block = self.stream.next(1 if self.orders.stop else BLOCK, point(self.lines))
                except BlockingIOError:
                    continue  # somebody else was faster
                self.ended = not block
                return block
        return b""

    def done(self) -> bool:
        """Obey the orders that have come; returns whether to stop here."""
        self.orders.look()
        if self.orders.rotate:
            self.orders.rotate = False
            self.places.rotate()
        if self.stream.pending and not self.places.abandoned:
            return False
        return self.orders.stop and (self.places.abandoned or not self.lines.midline)

    def ready(self) -> bool:
        """Wait for more, or for an order; returns whether there is more."""
        if self.orders.ready(0):
            self.stream.forget_much(point(self.lines))
            return True
        self.stream.forget(point(self.lines))
        return self.orders.wait_for(0)

    def take(self, block: bytes) -> None:
        while block:
            stamp = self.stamp()
            size = self.lines.portion(block, stamp, self.places.room)
            before = point(self.lines)
            segments = self.lines.take(block[:size], stamp)
            at = self.stream.position
            self.stream.position += min(size, len(block)) if self.stream.kept else 0
            place = Block(at, self.stream.position, stamp, before)
            self.places.put(segments, place, point(self.lines))
            block = block[size:]

    def stamp(self) -> bytes:
        return tai64.label(clock.now().tai) + b" " if self.stamped else b""
