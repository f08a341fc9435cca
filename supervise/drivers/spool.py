"""The spool of a log directory: a record of what its files have been given, and bytes of a stream
that have left the pipe and are not yet all in the files.

The bytes come with splice, which takes from the pipe exactly what it puts into the file: at no
moment are they in the memory of a process alone, where a SIGKILL would find them. The record is
written with pwrite: within one page that is done or not done, as a memory-mapped write is not; and
a full disk is an error then, and not a SIGBUS.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress

from supervise import errors
from supervise.drivers.adoption import boot_id
from supervise.drivers.fulldisk import Persistence
from supervise.formats import spool
from supervise.formats.spool import DATA, Owner, Record

NAME = "spool"
NO_SPLICE = {errno.EINVAL, errno.EBADF}  # the input is no pipe, or the file system cannot
INPUT = 0
LEAST = 4096  # bytes


class Spool:
    """The spool of a log directory, made when it is needed."""

    def __init__(self, name: str, directory: int, persistence: Persistence) -> None:
        self.name = f"{name}/{NAME}"
        self.directory = directory
        self.persistence = persistence
        self.spliced = True  # until it turns out that splice cannot do it
        self.pending = b""  # what was read, where it cannot
        self.sequence = 0
        self.rebooted = False
        self.left: Record | None = None
        self.descriptor = -1
        with errors.unable_to(f"open {self.name}"), suppress(FileNotFoundError):
            self.open(0)
            self.find()

    def open(self, flags: int) -> None:
        flags |= os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(NAME, flags, 0o600, dir_fd=self.directory)
        try:
            about = os.fstat(descriptor)
            self.owner = Owner(boot_id(), about.st_dev, about.st_ino)
        except OSError:
            os.close(descriptor)
            raise
        self.descriptor = descriptor

    def find(self) -> None:
        """Look for what a multilog has kept here that was killed; not for what was copied from
        elsewhere."""
        area = os.pread(self.descriptor, DATA, 0)
        found = spool.latest(area)
        if found is None:
            if not spool.may_be_one(area):
                raise errors.Failure(f"unable to use {self.name}: somebody else's file")
            return
        self.sequence, record, owner = found
        self.rebooted = owner.boot != self.owner.boot
        if self.rebooted:  # a device may have another number then
            owner = owner._replace(boot=self.owner.boot, device=self.owner.device)
        self.left = record if owner == self.owner else None

    def keep(self, record: Record) -> None:
        """Keep this for whoever must go on where we are killed."""
        self.persistence.insist(f"write to {self.name}", lambda: self.write(record))

    def write(self, record: Record) -> None:
        self.create()
        text = spool.pack(record, self.owner, self.sequence + 1)
        if os.pwrite(self.descriptor, text, spool.place(self.sequence + 1)) < len(text):
            raise OSError(errno.ENOSPC, "partial write")
        self.sequence += 1

    def create(self) -> None:
        """Make it where there is none."""
        if self.descriptor < 0:
            self.open(os.O_CREAT)

    # the data

    @property
    def size(self) -> int:
        """How many bytes of data there are."""
        return 0 if self.descriptor < 0 else max(0, os.fstat(self.descriptor).st_size - DATA)

    def read(self, at: int, until: int) -> bytes:
        return os.pread(self.descriptor, until - at, DATA + at) if at < until else b""

    def move(self, size: int, at: int) -> int:
        """Move so many bytes of the input at most to that place; returns how many, 0 at its end.

        Raises BlockingIOError where nothing is there after all, OSError where the spool takes
        nothing; then the input still has it, or `pending`.
        """
        self.create()
        if self.spliced:
            try:
                return os.splice(
                    INPUT,
                    self.descriptor,
                    min(size, self.share()),
                    offset_dst=DATA + at,
                    flags=os.SPLICE_F_NONBLOCK,
                )
            except OSError as error:
                if error.errno not in NO_SPLICE:
                    raise
            self.spliced = False
        self.pending = self.pending or read_input(size)
        written = self.add(self.pending, at)
        self.pending = self.pending[written:]
        return written

    def share(self) -> int:
        """How many bytes to take of what is free on the disk: what becomes of them needs room too,
        and if the spool had all of it, nothing could ever leave the spool."""
        about = os.fstatvfs(self.descriptor)
        return max(LEAST, about.f_bavail * about.f_frsize // 4)

    def add(self, block: bytes, at: int) -> int:
        """Put bytes that have come otherwise; returns how many there was room for."""
        return os.pwrite(self.descriptor, block, DATA + at)

    def insist_on_adding(self, block: bytes, at: int) -> int:
        return self.persistence.insist(f"write to {self.name}", lambda: self.add(block, at))

    def take_unkept(self, size: int) -> bytes:
        """Read the input past a spool that takes nothing."""
        block, self.pending = self.pending or read_input(size), b""
        return block

    def cut(self) -> None:
        """Forget the data, all of which is where it belongs."""
        self.persistence.insist(
            f"truncate {self.name}", lambda: os.ftruncate(self.descriptor, DATA)
        )


def read_input(size: int) -> bytes:
    """Empty at the end, for which trouble counts too, as ever."""
    try:
        return os.read(INPUT, size)
    except BlockingIOError:
        raise
    except OSError:
        return b""
