"""How a multilog goes on with the streams that were in the spools of its directories when their
multilogs were killed. Usually that is one stream and one multilog with the same script; the script
may be another one by now.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from supervise.drivers.logdir import LogDirectory
from supervise.drivers.stream import Kept
from supervise.formats.spool import STREAM_SIZE, Block, Point, Record, furthest
from supervise.machines.logline import Lines

Stamp = Callable[[], bytes]


class Left:
    """A stream that was left: some directories that were given it, and the spool it is in."""

    def __init__(self, name: bytes, members: Sequence[LogDirectory]) -> None:
        self.name = name
        self.members = members
        self.spool = max((member.spool for member in members), key=lambda spool: spool.size)
        self.size = self.spool.size
        self.lines = Lines()
        records = (member.spool.left for member in members)
        self.until = min(furthest(record for record in records if record), self.size)

    def resume(self, stamp: Stamp) -> None:
        """Have each member get what at least one of them was given."""
        for member in self.members:
            if member.spool.left is not None:
                self.lines = self.resume_one(member, member.spool.left, stamp)

    def resume_one(self, member: LogDirectory, left: Record, stamp: Stamp) -> Lines:
        block = self.within(left.block)
        lines = Lines(*block.before)
        segments = lines.take(self.spool.read(block.at, block.until), block.stamp)
        member.resume(segments, block, point(lines), left)
        rest = Block(block.until, self.until, stamp(), point(lines))
        segments = lines.take(self.spool.read(rest.at, rest.until), rest.stamp)
        member.take(segments, rest, point(lines))
        return lines

    def take_over(self, other: Left) -> int:
        """Have what nobody was given of another stream come after this; returns how much."""
        rest = other.spool.read(other.until, other.size)
        place, size = self.size, len(rest)
        while rest:
            written = self.spool.insist_on_adding(rest, place)
            rest, place = rest[written:], place + written
        return size

    def within(self, block: Block) -> Block:
        """A block of the data that are there. All of them were forgotten when everybody had
        them."""
        return block._replace(at=min(block.at, self.size), until=min(block.until, self.size))


def point(lines: Lines) -> Point:
    return Point(lines.begun, lines.following)


def streams(directories: Iterable[LogDirectory]) -> list[Left]:
    """What was left, by streams: those first of which there is something in a spool."""
    members: dict[bytes, list[LogDirectory]] = {}
    for directory in directories:
        left = directory.spool.left
        if left is not None or directory.spool.size:
            name = left.stream if left is not None else os.urandom(STREAM_SIZE)
            members.setdefault(name, []).append(directory)
    found = [Left(name, each) for name, each in members.items()]
    return sorted(found, key=lambda left: left.size == 0)


def recover(directories: Sequence[LogDirectory], stamp: Stamp) -> tuple[Kept, Lines, int]:
    """The stream to go on with, its lines, and how many bytes of it are in the spool already."""
    found = streams(directories)
    for left in found:
        left.resume(stamp)
    first = found[0] if found else Left(os.urandom(STREAM_SIZE), directories[:1])
    waiting = first.size - first.until
    merged = [other for other in found[1:] if other.size]
    for other in merged:
        waiting += first.take_over(other)
    stream = Kept(directories, first.spool)
    stream.begin(first.name, first.until, point(first.lines))
    for other in merged:
        other.spool.cut()
    return stream, first.lines, waiting
