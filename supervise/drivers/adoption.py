"""supervise/child: what a supervise keeps for the one that must take over from it.

A supervise that is killed leaves its service running. The next one finds the process here, makes
sure that it is still that one, and goes on as its supervise; so there are never two of a service.
Where it cannot be told whether somebody was left, nobody is started: that is OSError or a Failure,
and whoever starts supervises tries again.
"""

from __future__ import annotations

import errno
import os

from supervise import errors
from supervise.errors import unable_to
from supervise.formats import adoption
from supervise.formats.adoption import Birth, File, Memory
from supervise.unix import descriptors, files, lifetimes, recordlocks

CHILD = "supervise/child"
ABANDONED = 1  # the byte of it that a supervise locks when its svscan is gone
BOOT_ID = "/proc/sys/kernel/random/boot_id"
ABSENT = (FileNotFoundError, NotADirectoryError, ProcessLookupError)  # what is not there


class Record:
    """The record of the current directory; trouble with writing it is one warning, since the
    service matters more."""

    def __init__(self, path: str) -> None:
        self.place = f"{path}/{CHILD}"
        self.troubled = False
        with unable_to(f"read {BOOT_ID}"):
            self.boot = boot_id()
        self.pid: int | None = None  # of whom we keep
        self.start_time = 0
        with unable_to(f"open {self.place}"):
            self.descriptor = os.open(CHILD, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self.file = file_of(self.descriptor)

    @property
    def child(self) -> tuple[int, int] | None:
        """The pid and start time of the one that we keep; None where it is none, or unknown."""
        return (self.pid, self.start_time) if self.pid and self.start_time else None

    def left(self) -> tuple[Memory, Birth] | None:
        """What a supervise that did not leave has kept here, since the machine was started."""
        with unable_to(f"read {self.place}"):
            found = read(self.descriptor, self.boot)
        if found is not None:
            self.pid, self.start_time = found[0].status.pid, found[1].start_time
        return found

    def keep(self, memory: Memory) -> bool:
        """Keep this until the next time, if possible; a process that is new must be there. (One
        that is not may have ended, and its number be somebody else's.)"""
        pid = memory.status.pid
        try:
            if pid != self.pid:
                self.start_time = (pid is not None and start_time(pid)) or 0
                self.pid = pid
        except OSError as error:
            self.complain("describe the child in", error)
            return False
        birth = Birth(self.boot, self.start_time)
        return self.write(adoption.pack(memory, birth, self.file))

    def abandoned(self) -> None:
        """Our svscan is gone: let the next one know whom it may take over."""
        try:
            recordlocks.take(self.descriptor, ABANDONED)
        except OSError as error:
            self.complain("lock", error)

    def clear(self) -> None:
        """Nobody has to take over."""
        if self.write(adoption.NOTHING):
            return
        try:
            os.unlink(CHILD)
        except OSError as error:
            self.complain("remove", error)

    def write(self, record: bytes) -> bool:
        try:
            if os.pwrite(self.descriptor, record, 0) < len(record):
                raise OSError(errno.ENOSPC, "partial write")
        except OSError as error:
            self.complain("write", error)
            return False
        self.troubled = False
        return True

    def complain(self, verb: str, error: OSError) -> None:
        if not self.troubled:
            errors.warn("supervise", f"unable to {verb} {self.place}: {errors.reason(error)}")
        self.troubled = True


def left_in(path: str) -> tuple[Memory, Birth] | None:
    """What the supervise of the directory of that path has kept, seen from outside."""
    try:
        descriptor = files.open_read(f"{path}/{CHILD}")
    except ABSENT:
        return None
    try:
        return read(descriptor, boot_id())
    finally:
        descriptors.close(descriptor)


def read(descriptor: int, boot: bytes) -> tuple[Memory, Birth] | None:
    """What was written to this very file, and not to one that it was copied from, since the machine
    was started."""
    found = adoption.unpack(os.pread(descriptor, adoption.SIZE + 1, 0))
    if found is None:
        return None
    memory, birth, file = found
    return (memory, birth) if birth.boot == boot and file == file_of(descriptor) else None


def file_of(descriptor: int) -> File:
    about = os.fstat(descriptor)
    return File(about.st_dev, about.st_ino)


def find(pid: int, birth: Birth) -> int | None:
    """A pidfd for that very process; None where it is gone, be the number somebody else's now."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    try:
        # Asked after the open: who is still that process now was it then.
        is_that_one = birth.start_time != 0 and start_time(pid) == birth.start_time
    except OSError:
        descriptors.close(pidfd)
        raise
    if is_that_one:
        return pidfd
    descriptors.close(pidfd)
    return None


def start_time(pid: int) -> int | None:
    """In clock ticks since the boot; None where there is no such process, or no /proc."""
    try:
        return lifetimes.start_time(pid)
    except ABSENT:
        return None


def boot_id() -> bytes:
    """Which start of the machine this is; zeros where the kernel does not tell."""
    try:
        return adoption.boot_id(files.read_whole(BOOT_ID)) or bytes(16)
    except ABSENT:
        return bytes(16)
