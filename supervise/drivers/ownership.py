"""A service directory as its one supervise owns it: lock, FIFOs, status."""

from __future__ import annotations

import os

from supervise import errors
from supervise.errors import unable_to
from supervise.formats import status
from supervise.formats.status import Status
from supervise.unix import files, locks

LETTING_GO = 2.0  # seconds


class Ownership:
    """The current directory, taken for this process alone; `path` is only what messages call it.

    All descriptors are close-on-exec and ours until we exit. What exists keeps its mode and
    owner, so that an administrator can hand the control of a service to somebody.
    """

    def __init__(self, path: str, after_another: bool = False) -> None:
        """`after_another`: the supervise before us was killed a moment ago, and a child that it has
        forked just then may still hold the lock on its way to what it is to run, or to its end."""
        self.path = path
        make_state_directory()
        with unable_to(f"acquire {path}/supervise/lock"):
            self.lock = files.open_append("supervise/lock")
            locks.exclusive_within(self.lock, LETTING_GO if after_another else 0.0)
        files.make_fifo("supervise/control")
        with unable_to(f"read {path}/supervise/control"):
            self.control = files.open_read("supervise/control")
        with unable_to(f"write {path}/supervise/control"):
            # A writer of our own keeps the FIFO from ever reporting end of file.
            self.control_writer = files.open_write("supervise/control")

    def announce(self) -> None:
        """Open ok, last of all: once it has a reader, control and status are valid."""
        files.make_fifo("supervise/ok")
        with unable_to(f"read {self.path}/supervise/ok"):
            self.ok = files.open_read("supervise/ok")

    def commands(self) -> list[bytes]:
        """The letters that have come, in order; EOFError where control is no FIFO, since a FIFO
        with a writer of our own never ends."""
        try:
            letters = os.read(self.control, 4096)
        except BlockingIOError:
            return []
        if not letters:
            raise EOFError
        return [bytes([letter]) for letter in letters]

    def publish(self, record: Status) -> bool:
        """Replace the status file whole, if possible; trouble is a warning, since the service
        matters more."""
        place = f"{self.path}/supervise/status.new"
        try:
            with unable_to(f"open {place}"):
                descriptor = files.open_trunc("supervise/status.new")
            with unable_to(f"write {place}"):
                try:
                    written = os.write(descriptor, status.pack(record))
                finally:
                    os.close(descriptor)
            if written < status.SIZE:
                raise errors.Failure(f"unable to write {place}: partial write")
            with unable_to(f"rename {place} to status"):
                os.rename("supervise/status.new", "supervise/status")
        except errors.Failure as failure:
            errors.warn("supervise", failure.text)
            return False
        return True


def make_state_directory() -> None:
    """Make supervise/, or what a dangling link called supervise names (as Debian's daemontools
    does)."""
    try:
        os.mkdir("supervise", 0o700)
    except OSError:
        # Whatever is wrong shows itself when the lock is opened.
        if os.path.islink("supervise"):
            try:
                os.mkdir(os.readlink("supervise"), 0o700)
            except OSError:
                pass
