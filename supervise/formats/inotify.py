"""Events as inotify(7) delivers them: struct inotify_event, then a NUL-padded name."""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

HEADER = Struct("iIII")  # watch, mask, cookie, length of the name

# linux/inotify.h
ATTRIB = 0x4
MOVED_FROM = 0x40
MOVED_TO = 0x80
CREATE = 0x100
DELETE = 0x200
DELETE_SELF = 0x400
MOVE_SELF = 0x800
OVERFLOW = 0x4000
IGNORED = 0x8000
ONLYDIR = 0x01000000


class Event(NamedTuple):
    watch: int
    mask: int
    name: bytes


def unpack(block: bytes) -> list[Event]:
    """The events of one read; the kernel only hands out whole ones."""
    events = []
    position = 0
    while position + HEADER.size <= len(block):
        watch, mask, _, length = HEADER.unpack_from(block, position)
        position += HEADER.size
        events.append(Event(watch, mask, block[position : position + length].rstrip(b"\0")))
        position += length
    return events
