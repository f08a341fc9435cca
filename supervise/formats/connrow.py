"""The table of connections that the processes of one tcpserver share: a head and rows.

The stage of a row is one byte and the head one aligned word, so that neither is ever seen half
written; the rest of a row is written before its stage says that it counts.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from supervise.formats import address

HEAD = Struct("@Q")  # how many rows have ever been in use
ROW = Struct("<B7xd16sB95s")
COUNTED = Struct("<B15x16s96x")  # of a row only what is needed to count: the stage and the address
SIZE = ROW.size
NAME = 95  # bytes of a name that are kept

# How far a connection is. Each stage counts those who got there.
FREE, ACCEPTED, ARRIVED, SERVED = range(4)


class Row(NamedTuple):
    """A connection: how far it is, the monotonic time of its start, the client's address and
    name."""

    stage: int
    since: float
    ip: bytes
    name: bytes | None = None


def at(number: int) -> int:
    """Where a row begins; the head has the room of one."""
    return SIZE * (number + 1)


def pack(row: Row) -> bytes:
    name = (row.name or b"")[:NAME]
    return ROW.pack(row.stage, row.since, address.long(row.ip), len(name), name)


def unpack(packed: bytes) -> Row:
    stage, since, ip, length, name = ROW.unpack(packed)
    return Row(stage, since, address.short(ip), name[:length] or None)


def reached(stage: int, rows: bytes) -> list[bytes]:
    """The addresses, of 16 bytes, of those who have got to a stage."""
    return [ip for one, ip in COUNTED.iter_unpack(rows) if one >= stage]
