"""The file that a log directory is writing: `current`, and its rotation."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from supervise import errors
from supervise.drivers.archive import SAFE, Archive, remove
from supervise.drivers.orders import PROGRAM
from supervise.drivers.processor import Processor
from supervise.machines.rotation import Rotation
from supervise.unix import files

BEGUN, COMPLETE = 0o644, 0o744
TAIL = 65536  # bytes


class CurrentLog:
    """`current` of an open directory, on an empty descriptor until it is opened.

    Before and after another file takes its place, `keep` is called: whoever finds what it keeps
    will know that what was written is safe, in whatever file it is.
    """

    def __init__(
        self,
        directory: int,
        size: int,
        archive: Archive,
        processor: Processor | None,
        keep: Callable[[], None],
    ) -> None:
        self.name = f"{archive.name}/current"
        self.directory = directory
        self.archive = archive
        self.persistence = archive.persistence
        self.processor = processor
        self.keep = keep
        self.rotation = Rotation(size)
        self.descriptor = -1
        self.inode = 0
        self.marked = False  # by its mode, as not complete
        self.written = 0  # bytes, since somebody set it back
        self.base = 0  # size of the file at the first of them that is in it
        self.steps: deque[Callable[[], None]] = deque()  # of a rotation, still to be done
        self.rotating = False  # the file with that inode is complete, and another not yet begun

    def open(self) -> None:
        """Append to a `current` that may be there; the directory is the current one."""
        with errors.unable_to(f"append to {self.name}"):
            self.descriptor = files.open_append("current")
            about = os.fstat(self.descriptor)
        self.inode, self.rotation.size = about.st_ino, about.st_size
        self.count_from_here()
        self.marked = False
        if not about.st_mode & stat.S_IXUSR:
            self.mark()

    def mark(self) -> None:
        """Let the mode of `current` say that it is not complete. Not before something else says how
        far it is: a kill between would make it a log that nobody knows anything of."""
        if not self.marked:
            self.set_begun()

    # writing

    def count_from_here(self, written: int = 0) -> None:
        """Count what is written from now on, to so many bytes."""
        self.written, self.base = written, self.rotation.size

    def write(self, chunk: bytes) -> None:
        while chunk:
            chunk = chunk[self.write_piece(chunk) :]

    def write_piece(self, chunk: bytes) -> int:
        if self.rotation.full or self.steps:
            self.rotate()
        piece = self.rotation.piece(chunk)
        written = self.persistence.insist(
            f"write to {self.name}", lambda: os.write(self.descriptor, piece)
        )
        self.written += written
        if self.rotation.wrote(piece[:written]):
            self.rotate()
        return written

    def cut(self) -> None:
        """Take back the beginning of a line that cannot be completed."""
        if self.descriptor < 0:
            return  # it is in a file that has been rotated, and is seen to be cut short
        end = self.end_of_lines()
        if end < self.rotation.size:
            os.ftruncate(self.descriptor, end)
            self.rotation.size = end

    def end_of_lines(self) -> int:
        """Where the last complete line ends."""
        end = os.fstat(self.descriptor).st_size
        reading = os.open("current", os.O_RDONLY, dir_fd=self.directory)
        try:
            while end > 0:
                start = max(0, end - TAIL)
                newline = os.pread(reading, end - start, start).rfind(b"\n")
                if newline >= 0:
                    return start + newline + 1
                end = start
            return 0
        finally:
            os.close(reading)

    # rotating

    def rotate(self) -> None:
        """Begin another file; where an earlier attempt was given up, from that step on."""
        if not self.steps:
            self.steps += (
                self.enter,
                self.sync,
                self.keep_complete,
                self.close,
                self.rename,
                self.create,
                self.set_begun,
                self.keep_previous,
                self.keep_begun,
            )
        while self.steps:
            self.steps[0]()
            self.steps.popleft()

    def insist(self, what: str, step: Callable[[], None]) -> None:
        self.persistence.insist(what, step)

    def enter(self) -> None:
        name = self.archive.name
        self.insist(f"switch to {name}", lambda: os.fchdir(self.directory))
        if self.processor is not None:
            self.insist(f"remove {name}/processed", lambda: remove("processed"))

    def sync(self) -> None:
        self.insist(f"write {self.name} to disk", lambda: os.fsync(self.descriptor))

    def keep_complete(self) -> None:
        self.rotating = True
        self.keep()

    def close(self) -> None:
        closed, self.descriptor = self.descriptor, -1
        try:
            os.close(closed)
        except OSError:
            pass  # it is on disk already, and the descriptor is gone in any case

    def rename(self) -> None:
        what = f"rename current to previous in directory {self.archive.name}"
        self.insist(what, self.rename_current)

    def rename_current(self) -> None:
        """Make `current` previous. One that somebody removed or moved away is not coming back: to
        wait for it, as the originals do, would stop the service for ever."""
        try:
            os.rename("current", "previous")
        except FileNotFoundError:
            errors.warn(PROGRAM, f"{self.name} is gone, beginning another")

    def create(self) -> None:
        self.descriptor = self.persistence.insist(
            f"create {self.name}", lambda: files.open_append("current")
        )
        self.rotation.begin()

    def set_begun(self) -> None:
        self.insist(f"set mode of {self.name}", lambda: os.fchmod(self.descriptor, BEGUN))
        self.marked = True

    def keep_previous(self) -> None:
        """Make an old log of `previous`, from whatever an earlier attempt has left."""
        name = f"{self.archive.name}/previous"
        self.insist(f"set mode of {name}", set_complete)
        if self.processor is None:
            self.archive.add("previous", SAFE)
        else:
            self.processor.run()
            self.archive.add("processed", SAFE)

    def keep_begun(self) -> None:
        about = self.persistence.insist(f"stat {self.name}", lambda: os.fstat(self.descriptor))
        self.rotating = False
        self.inode, self.base = about.st_ino, 0
        self.keep()


def set_complete() -> None:
    with suppress(FileNotFoundError):  # removed by hand, or an old log already
        os.chmod("previous", COMPLETE)
