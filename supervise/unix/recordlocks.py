"""fcntl(2)'s locks on a whole file: held by one process and not by its children, and the kernel
tells by which."""

from __future__ import annotations

import fcntl
import os
import struct

FLOCK = struct.Struct("hhqqi0q")  # struct flock: type, whence, start, length, pid


def take(descriptor: int) -> None:
    """Lock the file for this process, until it ends or closes any descriptor of that file;
    BlockingIOError where another has it."""
    fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def owner(descriptor: int) -> int | None:
    """The pid of the other process that holds the lock, 0 for one that cannot be seen from here;
    None where there is none."""
    question = FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    kind, _, _, _, pid = FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, question))
    return None if kind == fcntl.F_UNLCK else max(pid, 0)
