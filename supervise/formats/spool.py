"""The record at the head of a log directory's spool: what of a stream its files have been given.

A spool is one record area, then the bytes of a stream that have left the pipe. The record comes
before the work: it names the block that is about to be worked on and everything that the work
depends on, so that whoever finds it can do the same again, compare it with what is there, and write
exactly the rest. Layout, numbers big-endian. 0: «spl1»; 4: boot id, 16 bytes; 20: device and inode
of this very file, 8 bytes each, since a copy of a log directory has no part in a stream; 36: the
stream, 16 random bytes; 52: sequence number; 60, 68: where the block begins and ends, in bytes of
the stream's data; 76: bytes of its output that other files or an earlier start have; 84: size of
`current` before the rest of it; 92: inode of `current`; 100: lines dropped and not yet told; 108:
flags (1 the head of a line was handed out, 2 it was selected, 4 a rotation has
begun, 8 the output begins with the number of lines dropped); 109, 111:
lengths of the stamp and of the line that had begun, 2 bytes each; these two; CRC-32 of all before.

There are two places for a record, used in turn. Each lies within one page, so that a SIGKILL leaves
it whole or as it was; the sum is for a power cut.
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Iterable
from struct import Struct
from typing import NamedTuple

MAGIC = b"spl1"
HEAD = Struct(">4s16sQQ16sQQQQQQQBHH")
SUM = Struct(">I")
PLACE = 2048  # bytes between the two places
DATA = 2 * PLACE  # where the data begin
STREAM_SIZE = 16
FOLLOWING, FOLLOWED, ROTATING, TELLING = 1, 2, 4, 8
LONGEST = PLACE - HEAD.size - SUM.size  # bytes of a stamp and a line that had begun


class Point(NamedTuple):
    """What the work on a stream depends on between two of its blocks."""

    begun: bytes = b""  # the line that is not complete, with its stamp
    following: bool = False  # the line's head has been handed out


class Block(NamedTuple):
    """Bytes of a stream that are worked on at once; what begins in them gets that stamp."""

    at: int
    until: int
    stamp: bytes
    before: Point


class Output(NamedTuple):
    """Where the output of a block has got to: so many bytes of it are elsewhere, and the rest
    begins at that place of the file."""

    done: int
    base: int
    file: int  # inode
    rotating: bool = False  # the file is complete, and another is about to take its place


class Record(NamedTuple):
    stream: bytes
    block: Block
    followed: bool  # the head of the line that goes on was selected here
    output: Output
    dropped: int = 0
    telling: bool = False  # the output begins with that number


class Owner(NamedTuple):
    """Which file a record was written to, and when."""

    boot: bytes  # 16 bytes, the kernel's boot_id
    device: int
    inode: int


def pack(record: Record, owner: Owner, sequence: int) -> bytes:
    block, output = record.block, record.output
    flags = (
        FOLLOWING * block.before.following
        | FOLLOWED * record.followed
        | ROTATING * output.rotating
        | TELLING * record.telling
    )
    head = HEAD.pack(
        MAGIC,
        *owner,
        record.stream,
        sequence,
        block.at,
        block.until,
        output.done,
        output.base,
        output.file,
        record.dropped,
        flags,
        len(block.stamp),
        len(block.before.begun),
    )
    body = head + block.stamp + block.before.begun
    return body + SUM.pack(crc32(body))


def place(sequence: int) -> int:
    """Where in the file the record of that number goes."""
    return sequence % 2 * PLACE


def latest(area: bytes) -> tuple[int, Record, Owner] | None:
    """The newest record, with its number, in the first DATA bytes of a file; None where there is
    none."""
    return max(
        filter(None, map(unpack, (area[:PLACE], area[PLACE:DATA]))),
        key=lambda found: found[0],
        default=None,
    )


def unpack(text: bytes) -> tuple[int, Record, Owner] | None:
    """The record that a text begins with, its number and where it was written; None for none."""
    if len(text) < HEAD.size:
        return None
    magic, boot, device, inode, stream, sequence, *numbers = HEAD.unpack_from(text)
    at, until, done, base, file, dropped, flags, stamped, begun = numbers
    size = HEAD.size + stamped + begun
    if (
        magic != MAGIC
        or stamped + begun > LONGEST
        or text[size:][:4] != SUM.pack(crc32(text[:size]))
    ):
        return None
    stamp, line = text[HEAD.size : size - begun], text[size - begun : size]
    block = Block(at, until, stamp, Point(line, bool(flags & FOLLOWING)))
    output = Output(done, base, file, bool(flags & ROTATING))
    if at > until:
        return None
    record = Record(stream, block, bool(flags & FOLLOWED), output, dropped, bool(flags & TELLING))
    return sequence, record, Owner(boot, device, inode)


def may_be_one(area: bytes) -> bool:
    """Whether a file that begins so may be a spool whose record was lost, as in a power cut, and
    not a file of somebody else's."""
    places = (area[:PLACE], area[PLACE:])
    return not any(area) or any(place.startswith(MAGIC) for place in places)


def furthest(records: Iterable[Record]) -> int:
    """Where the blocks end that anybody has begun."""
    return max((record.block.until for record in records), default=0)
