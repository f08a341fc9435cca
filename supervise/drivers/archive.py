"""Finished logs: given their label, made safe from being clobbered, and trimmed to a number.

All of it happens in the log directory, which must be the current one.
"""

from __future__ import annotations

import errno
import os
import stat

from supervise import errors
from supervise.drivers import clock
from supervise.drivers.fulldisk import Persistence
from supervise.drivers.orders import PROGRAM
from supervise.formats import tai64
from supervise.machines.oldlogs import Labels, surplus

SAFE, UNFINISHED = "s", "u"

# What a file system says that has no links at all, and a kernel that protects the files of others.
NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


class Archive:
    """The old logs of one directory."""

    def __init__(self, name: str, number: int, persistence: Persistence) -> None:
        self.name = name
        self.number = number
        self.persistence = persistence
        self.labels: Labels | None = None

    def add(self, file: str, code: str) -> None:
        """Give a file its label, now, and the code that says whether it is complete; nothing
        happens where there is no such file."""
        links = self.persistence.insist(f"stat {self.name}/{file}", lambda: count_links(file))
        if links == 0:
            return
        if links == 1:  # with two, a multilog was killed between the link and the removal
            self.link(file, code)
        self.persistence.insist(f"remove {self.name}/{file}", lambda: remove(file))
        self.trim(told=code == UNFINISHED)

    def label(self) -> str:
        """The next label of the directory."""
        if self.labels is None:
            self.labels = Labels(self.names())
        return tai64.label(self.labels.next(clock.now().tai)).decode()

    def names(self) -> list[bytes]:
        return self.persistence.insist(f"read {self.name}", lambda: os.listdir(b"."))

    def link(self, file: str, code: str) -> None:
        """Give a file a second name, which can clobber nothing; or another name, where it can have
        only one."""
        pauses = self.persistence.pauses()
        while True:
            new = f"{self.label()}.{code}"
            try:
                link_or_rename(file, new)
                return
            except FileExistsError:
                continue  # the next label is a later one
            except OSError as error:
                what = f"unable to link to {self.name}/{new}, pausing"
                errors.warn(PROGRAM, f"{what}: {errors.reason(error)}")
            self.persistence.pause(next(pauses))

    def trim(self, told: bool) -> None:
        """Remove the oldest logs. One that cannot be removed is left; the originals would try it
        for ever. A whole log that has to go for a piece of one is told of."""
        for name in surplus(self.names(), self.number):
            if told and name.endswith(b".s"):
                gone = f"{self.name}/{os.fsdecode(name)}"
                errors.warn(PROGRAM, f"removing {gone} to keep what was left unfinished")
            try:
                remove(name)
            except OSError as error:
                what = f"unable to remove {self.name}/{os.fsdecode(name)}"
                errors.warn(PROGRAM, f"{what}: {errors.reason(error)}")


def link_or_rename(file: str, new: str) -> None:
    try:
        os.link(file, new)
    except OSError as error:
        if error.errno not in NO_LINKS or os.path.lexists(new):
            raise
        os.rename(file, new)


def remove(name: str | bytes) -> None:
    """Remove a file that somebody else may have removed already."""
    try:
        os.unlink(name)
    except FileNotFoundError:
        pass


def count_links(file: str) -> int:
    """How many names a file has; 0 where it is not there."""
    try:
        return os.stat(file).st_nlink
    except FileNotFoundError:
        return 0


def is_complete(file: str) -> bool:
    """Whether a file is there and was finished; only the owner's execute bit tells."""
    try:
        return bool(os.stat(file).st_mode & stat.S_IXUSR)
    except FileNotFoundError:
        return False
