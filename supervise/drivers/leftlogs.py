"""How a log directory is opened: what an earlier multilog has left there, and what becomes of it.

A `current` that was finished is gone on with. So is one whose multilog was killed, where the spool
says how far it was. What is unfinished otherwise, as after a power cut, is kept as LABEL.u.
"""

from __future__ import annotations

import os
import stat

from supervise import errors
from supervise.drivers.archive import SAFE, UNFINISHED, Archive, is_complete
from supervise.drivers.currentlog import CurrentLog
from supervise.drivers.orders import Stopped
from supervise.drivers.spool import Spool
from supervise.formats.spool import Output
from supervise.machines.oldlogs import old
from supervise.unix import files


def open_current(current: CurrentLog, spool: Spool) -> None:
    """Open `current` in the directory, which is the current one."""
    archive = current.archive
    with errors.unable_to(f"stat {current.name}"):
        clean = is_complete("current")
    try:
        if not clean and not (spool.left and goes_on(current, spool.left.output, spool.rebooted)):
            set_aside(archive)
    except Stopped:
        raise errors.Failure(f"stopped before {archive.name} could be opened") from None
    current.open()


def goes_on(current: CurrentLog, output: Output, rebooted: bool) -> bool:
    """Whether a killed multilog's `current` is gone on with; a rotation is finished first, of a
    file that is on disk in any case."""
    if output.rotating:
        if inode("current") == output.file:
            with errors.unable_to(
                f"rename current to previous in directory {current.archive.name}"
            ):
                os.rename("current", "previous")
        current.keep_previous()
        return not rebooted
    return not rebooted and inode("current") == output.file


def set_aside(archive: Archive) -> None:
    """Keep what was left unfinished, under a label."""
    name = archive.name
    discard("state")
    discard("newstate")
    with errors.unable_to(f"stat {name}/processed"):
        processed = is_complete("processed")
    if processed:
        discard("previous")
        archive.add("processed", SAFE)
    else:
        discard("processed")
        archive.add("previous", UNFINISHED)
    archive.add("current", UNFINISHED)
    with errors.unable_to(f"write to {name}/state"):
        os.close(files.open_trunc("state"))


def inode(file: str) -> int | None:
    """The number of a plain file; None where there is none."""
    try:
        about = os.stat(file)
    except OSError:
        return None
    return about.st_ino if stat.S_ISREG(about.st_mode) else None


def content_of(output: Output) -> bytes:
    """What the file that an output went to has of it, by whatever name the file goes now."""
    for name in ("current", "previous", *map(os.fsdecode, old(os.listdir(b".")))):
        if inode(name) == output.file:
            return read_from(name, output.base)
    return b""


def read_from(name: str, place: int) -> bytes:
    descriptor = files.open_read(name)
    try:
        size = os.fstat(descriptor).st_size
        return os.pread(descriptor, max(0, size - place), place)
    finally:
        os.close(descriptor)


def discard(file: str) -> None:
    try:
        os.unlink(file)
    except OSError:
        pass  # not there; one that stays is met again where it matters
