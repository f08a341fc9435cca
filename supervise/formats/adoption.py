"""The record that supervise keeps for whoever must take over from it: supervise/child.

Layout, numbers big-endian. 0: «sv1\\n»; 4: boot id, 16 bytes; 20: device and inode of this very
file, 8 bytes each, since a copy of a service directory says nothing of a process of its own; 36:
start time of the child in clock ticks since the boot, 8 bytes; 44: monotonic seconds of its start,
a double; 52: its pid, 4 bytes, 0 while down; 56: TAI64N of the last change, 12 bytes; 68: what is
wanted, as in status; 69: flags (1 paused, 2 asked, 4 leaving, 8 stopping, 16 draining); 70: CRC-32
of all before. It has one size and is written over itself in one piece, so that neither a full disk
nor a SIGKILL leaves half of one.
"""

from __future__ import annotations

from binascii import crc32
from math import isfinite
from struct import Struct
from typing import NamedTuple

from supervise.formats import tai64
from supervise.formats.status import DOWN, ONCE, UP, Status

MAGIC = b"sv1\n"
BODY = Struct(">4s16sQQQdI12scB")
SUM = Struct(">I")
SIZE = BODY.size + SUM.size
PAUSED, ASKED, LEAVING, STOPPING, DRAINING = 1, 2, 4, 8, 16
NOTHING = bytes(SIZE)  # nobody has to take over
HIGHEST_PID = 2**31 - 1  # a pid_t has a sign


class Birth(NamedTuple):
    """Which process a pid means: within one boot no two have the same pid and start time."""

    boot: bytes  # 16 bytes, the kernel's boot_id
    start_time: int  # clock ticks since the boot; 0 while there is no process


class File(NamedTuple):
    """Which file a record was written to."""

    device: int
    inode: int


class Memory(NamedTuple):
    """What the machine of a service must know to go on."""

    status: Status
    started_at: float  # monotonic seconds, which go on until the machine is started anew
    asked: bool
    leaving: bool
    stopping: bool = False
    draining: bool = False


def pack(memory: Memory, birth: Birth, file: File) -> bytes:
    status = memory.status
    flags = PAUSED * status.paused | ASKED * memory.asked | LEAVING * memory.leaving
    flags |= STOPPING * memory.stopping | DRAINING * memory.draining
    body = BODY.pack(
        MAGIC,
        birth.boot,
        *file,
        birth.start_time,
        memory.started_at,
        status.pid or 0,
        tai64.pack(status.since),
        status.want,
        flags,
    )
    return body + SUM.pack(crc32(body))


def unpack(record: bytes) -> tuple[Memory, Birth, File] | None:
    """None for what is no such record, NOTHING among it."""
    body, checksum = record[: BODY.size], record[BODY.size :]
    if len(record) != SIZE or checksum != SUM.pack(crc32(body)):
        return None
    magic, boot, device, inode, start_time, started_at, pid, since, want, flags = BODY.unpack(body)
    if magic != MAGIC or want not in (UP, DOWN, ONCE) or not isfinite(started_at):
        return None
    if pid > HIGHEST_PID:
        return None
    status = Status(tai64.unpack(since), pid or None, bool(flags & PAUSED), want)
    told = (bool(flags & flag) for flag in (ASKED, LEAVING, STOPPING, DRAINING))
    memory = Memory(status, started_at, *told)
    return memory, Birth(boot, start_time), File(device, inode)


def boot_id(text: bytes) -> bytes | None:
    """The 16 bytes of the kernel's boot_id, a UUID as text."""
    try:
        boot = bytes.fromhex(text.decode("ascii").replace("-", ""))
    except ValueError:
        return None
    return boot if len(boot) == 16 else None
