"""A log directory: `current`, and old logs named by the time of their end.

The mode of a file says how far it got: 0744 is complete and on disk, 0644 is not. So a directory
whose `current` is 0744 is gone on with, and what a killed multilog left otherwise is kept as
LABEL.u.
"""

from __future__ import annotations

import os
import stat

from supervise import errors
from supervise.drivers.archive import SAFE, UNFINISHED, Archive
from supervise.drivers.orders import PROGRAM, Orders, Stopped
from supervise.drivers.processor import Processor
from supervise.machines import rotation
from supervise.machines.logline import Segment
from supervise.machines.rotation import Rotation
from supervise.unix import files, locks

BEGUN, COMPLETE = 0o644, 0o744
BOUNDLESS = 2**62


class LogDirectory:
    """One log directory, locked for us alone; made with mode 0700 where it is not there."""

    def __init__(
        self, name: str, size: int, number: int, orders: Orders, processor: Processor | None = None
    ) -> None:
        self.name = name
        self.orders = orders
        self.archive = Archive(name, number, orders)
        self.processor = processor
        self.rotation = Rotation(size)
        self.abandoned = False  # told to stop in trouble: each step is tried once from then on
        self.unwritten = b""
        self.lost = 0  # bytes
        self.directory, self.lock = enter(name)
        self.current = self.open()

    # opening

    def open(self) -> int:
        with errors.unable_to(f"stat {self.name}/current"):
            clean = complete("current")
        return self.go_on() if clean else self.begin_anew()

    def go_on(self) -> int:
        """Append to a `current` that was finished."""
        with errors.unable_to(f"append to {self.name}/current"):
            current = files.open_append("current")
            self.rotation.size = os.fstat(current).st_size
        with errors.unable_to(f"set mode of {self.name}/current"):
            os.fchmod(current, BEGUN)
        return current

    def begin_anew(self) -> int:
        """Keep what was left unfinished, under a label, and begin empty."""
        remove("state")
        remove("newstate")
        self.recover()
        with errors.unable_to(f"write to {self.name}/state"):
            os.close(files.open_trunc("state"))
        with errors.unable_to(f"write to {self.name}/current"):
            current = files.open_append("current")
        with errors.unable_to(f"set mode of {self.name}/current"):
            os.fchmod(current, BEGUN)
        return current

    def recover(self) -> None:
        with errors.unable_to(f"stat {self.name}/processed"):
            processed = complete("processed")
        try:
            if processed:
                remove("previous")
                self.archive.add("processed", SAFE)
            else:
                remove("processed")
                self.archive.add("previous", UNFINISHED)
            self.archive.add("current", UNFINISHED)
        except Stopped:
            raise errors.Failure(f"stopped before {self.name} could be opened") from None

    # writing

    @property
    def room(self) -> int:
        """How many bytes can be written before their pieces matter."""
        return BOUNDLESS if self.abandoned else self.rotation.room

    def put(self, segments: list[Segment]) -> None:
        """Write what came with one read."""
        whole = rotation.joined(segments)
        if len(whole) <= self.room:
            self.write(whole)
            return
        written = 0
        for chunk in rotation.writes(segments):
            written += len(chunk)
            self.write(chunk)

    def write(self, chunk: bytes) -> None:
        self.unwritten += chunk
        try:
            while self.unwritten and not self.abandoned:
                self.write_piece()
        except Stopped:
            self.abandoned = True
        if self.abandoned:
            self.write_at_last()

    def write_piece(self) -> None:
        if self.rotation.full:
            self.rotate()
        piece = self.rotation.piece(self.unwritten)
        written = self.orders.insist(
            f"write to {self.name}/current", lambda: os.write(self.current, piece)
        )
        self.unwritten = self.unwritten[written:]
        if self.rotation.wrote(piece[:written]):
            self.rotate()

    def write_at_last(self) -> None:
        """Write what can be written without rotating; the first trouble ends it, so that what is
        there has no gap."""
        if not self.lost:
            try:
                self.reopen()
                while self.unwritten:
                    written = os.write(self.current, self.unwritten)
                    self.unwritten = self.unwritten[written:]
            except OSError:
                pass  # told in `finish`, with the number
        self.lost += len(self.unwritten)
        self.unwritten = b""

    def reopen(self) -> None:
        """Have a `current`, though a rotation may have been left halfway."""
        if self.current < 0:
            os.fchdir(self.directory)
            self.current = files.open_append("current", BEGUN)

    # rotating

    def rotate_early(self) -> None:
        """Rotate now, where there is anything to rotate."""
        if self.rotation.size == 0 or self.abandoned:
            return
        try:
            self.rotate()
        except Stopped:
            self.abandoned = True

    def rotate(self) -> None:
        insist = self.orders.insist
        insist(f"switch to {self.name}", lambda: os.fchdir(self.directory))
        insist(f"write {self.name}/current to disk", lambda: os.fsync(self.current))
        self.close()
        renamed = insist(
            f"rename current to previous in directory {self.name}", self.rename_current
        )
        self.current = insist(f"create {self.name}/current", lambda: files.open_append("current"))
        self.rotation.begin()
        insist(f"set mode of {self.name}/current", lambda: os.fchmod(self.current, BEGUN))
        if renamed:
            self.keep_previous()

    def rename_current(self) -> bool:
        """Whether there was a `current` to rename. One that somebody removed or moved away is not
        coming back: to wait for it, as the originals do, would stop the service for ever."""
        try:
            os.rename("current", "previous")
            return True
        except FileNotFoundError:
            errors.warn(PROGRAM, f"{self.name}/current is gone, beginning another")
            return False

    def keep_previous(self) -> None:
        self.orders.insist(
            f"set mode of {self.name}/previous", lambda: os.chmod("previous", COMPLETE)
        )
        if self.processor is None:
            self.archive.add("previous", SAFE)
        else:
            self.processor.run()
            self.archive.add("processed", SAFE)

    def close(self) -> None:
        closed, self.current = self.current, -1
        try:
            os.close(closed)
        except OSError:
            pass  # it is on disk already, and the descriptor is gone in any case

    # finishing

    def finish(self) -> None:
        """Make `current` complete, so that the next multilog goes on with it.

        One that was abandoned stays 0644: the next multilog gives all that is there its label.
        """
        file = f"{self.name}/current"
        try:
            if not self.abandoned:
                self.orders.insist(f"write {file} to disk", lambda: os.fsync(self.current))
                self.orders.insist(f"set mode of {file}", lambda: os.fchmod(self.current, COMPLETE))
        except Stopped:
            self.abandoned = True
        if self.abandoned:
            errors.warn(PROGRAM, f"stopped with {self.lost} bytes not written to {file}")


def enter(name: str) -> tuple[int, int]:
    """Make, open, enter and lock a directory; returns its descriptor and that of its lock."""
    try:
        os.mkdir(name, 0o700)
    except OSError:
        pass  # there already; whatever else is wrong shows itself next
    with errors.unable_to(f"open directory {name}"):
        directory = files.open_read(name)
        os.fchdir(directory)
    with errors.unable_to(f"lock directory {name}"):
        lock = files.open_append("lock")
        locks.exclusive(lock, wait=False)
    return directory, lock


def complete(file: str) -> bool:
    """Whether a file is there and was finished; only the owner's execute bit tells."""
    try:
        return bool(os.stat(file).st_mode & stat.S_IXUSR)
    except FileNotFoundError:
        return False


def remove(file: str) -> None:
    try:
        os.unlink(file)
    except OSError:
        pass  # not there; one that stays is met again where it matters
