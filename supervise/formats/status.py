"""The 18 bytes of supervise/status that svstat reads, as daemontools 0.76 writes them.

Offset 0: TAI64N (12 bytes, big-endian); 12: pid (4 bytes, little-endian, 0 while down); 16:
paused (0 or 1); 17: want («u» up, «d» down, NUL once). Relatives write longer records that begin
the same way.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from supervise.formats import tai64
from supervise.formats.tai64 import Tai64n

UP, DOWN, ONCE = b"u", b"d", b"\0"

LABEL_SIZE = 12
REST = Struct("<I?c")
SIZE = LABEL_SIZE + REST.size


class Status(NamedTuple):
    """What supervise publishes: since when, which process, and what it was told."""

    since: Tai64n
    pid: int | None
    paused: bool
    want: bytes


def pack(status: Status) -> bytes:
    rest = REST.pack(status.pid or 0, status.paused and status.pid is not None, status.want)
    return tai64.pack(status.since) + rest


def unpack(record: bytes) -> Status:
    """Read the first 18 bytes; ValueError where there are fewer."""
    if len(record) < SIZE:
        raise ValueError(record)
    pid, paused, want = REST.unpack(record[LABEL_SIZE:SIZE])
    return Status(tai64.unpack(record[:LABEL_SIZE]), pid or None, paused, want)


def describe(status: Status, now: Tai64n, normally_up: bool) -> str:
    """The words of svstat, after «DIR: »."""
    # The originals count in floating point, which shows in the ages of damaged records.
    age = int(float(max(0, now.seconds - status.since.seconds)))
    up = status.pid is not None
    words = [f"up (pid {status.pid}) {age} seconds" if up else f"down {age} seconds"]
    if up != normally_up:
        words.append("normally up" if normally_up else "normally down")
    if up and status.paused:
        words.append("paused")
    if not up and status.want == UP:
        words.append("want up")
    if up and status.want == DOWN:
        words.append("want down")
    return ", ".join(words)
