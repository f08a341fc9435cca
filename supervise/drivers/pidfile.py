"""The pid file of a process in the background, which holds a lock on it while it lives.

Who runs is asked of the kernel, which knows the holder of a lock; the number in the file is for
others to read. So a file that a killed process has left behind means nothing, whoever has its
number by now. A lock of flock(2) was not chosen, since children share it, and its holder would have
to be believed.
"""

from __future__ import annotations

import errno
import os
from typing import NamedTuple

from supervise import errors
from supervise.unix import descriptors, files, recordlocks

LONGEST = 32  # bytes: no pid file has more


class Holder(NamedTuple):
    """A process that lives, and the descriptor that means it and no other."""

    pid: int
    pidfd: int


class PidFile:
    """The file of that path; nothing is opened yet."""

    def __init__(self, path: str) -> None:
        self.path = path

    @classmethod
    def taken_before(cls, path: str, descriptor: int) -> PidFile:
        """One that this very process has locked when it was another program: the lock stays as
        long as nobody in it closes that file."""
        pid_file = cls(path)
        pid_file.descriptor = descriptor
        return pid_file

    def take(self) -> None:
        """Lock it, and write our number; both last until we end. Its directory is made where there
        is none."""
        directory = os.path.dirname(self.path)
        with errors.unable_to(f"create {directory}"):
            try:
                os.mkdir(directory, 0o700)
            except FileExistsError:
                pass
        with errors.unable_to(f"open {self.path}"):
            self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            with errors.unable_to(f"lock {self.path}"):
                recordlocks.take(self.descriptor)
        except errors.Failure as failure:
            pid = recordlocks.owner(self.descriptor)
            if pid:
                raise errors.Failure(
                    f"unable to lock {self.path}: already running as pid {pid}"
                ) from failure
            raise
        with errors.unable_to(f"write {self.path}"):
            self.refuse_other_content()
            self.write(b"%d\n" % os.getpid())

    def refuse_other_content(self) -> None:
        """A name that was mistyped must not cost the file that has it."""
        content = os.pread(self.descriptor, LONGEST + 1, 0)
        is_number = content.removesuffix(b"\n").isdigit() and len(content) <= LONGEST
        if content and not is_number:
            raise errors.Mistake(f"unable to write {self.path}: it is no pid file")

    def write(self, text: bytes) -> None:
        os.ftruncate(self.descriptor, 0)
        files.write_all(self.descriptor, text)

    def clear(self) -> None:
        """Say that nobody runs, before we end. The file stays: whoever locks it next must find the
        one that others find."""
        with errors.unable_to(f"write {self.path}"):
            self.write(b"")

    def holder(self) -> Holder | None:
        """The process that has taken it; None where nobody has."""
        with errors.unable_to(f"open {self.path}"):
            try:
                descriptor = files.open_read(self.path)
            except FileNotFoundError:
                return None
        try:
            with errors.unable_to(f"find out who holds {self.path}"):
                return find_holder(descriptor)
        finally:
            descriptors.close(descriptor)


def find_holder(descriptor: int, byte: int | None = None) -> Holder | None:
    """The holder of the lock, and not whoever gets its number when it has ended."""
    while (pid := recordlocks.owner(descriptor, byte)) is not None:
        if pid == 0:
            raise ProcessLookupError(errno.ESRCH, "in a pid namespace that is not ours")
        try:
            pidfd = os.pidfd_open(pid)
        except ProcessLookupError:
            continue  # it has ended meanwhile, and the lock with it
        if recordlocks.owner(descriptor, byte) == pid:
            return Holder(pid, pidfd)
        descriptors.close(pidfd)
    return None
