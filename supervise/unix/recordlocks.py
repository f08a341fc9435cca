"""fcntl(2)'s locks on a file or one byte of it: held by one process and not by its children, and
the kernel tells by which."""

from __future__ import annotations

import fcntl
import os
import struct

FLOCK = struct.Struct("hhqqi0q")  # struct flock: type, whence, start, length, pid


def take(descriptor: int, byte: int | None = None) -> None:
    """Lock the file, or that byte, for this process, until it ends or closes any descriptor of that
    file; BlockingIOError where another has it."""
    start, length = (0, 0) if byte is None else (byte, 1)
    fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)


def owner(descriptor: int, byte: int | None = None) -> int | None:
    """The pid of the other process that holds a lock there, 0 for one that cannot be seen from
    here; None where there is none."""
    start, length = (0, 0) if byte is None else (byte, 1)
    question = FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, start, length, 0)
    kind, _, _, _, pid = FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, question))
    return None if kind == fcntl.F_UNLCK else max(pid, 0)
