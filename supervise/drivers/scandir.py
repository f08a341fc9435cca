"""A scan directory: which service directories its names lead to, and what has changed."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from supervise import errors
from supervise.drivers import clock
from supervise.drivers.watch import Watch
from supervise.machines.scan import Identity

LOOK_AGAIN = 5.0  # seconds: the originals' interval, where no event will come


@dataclass(frozen=True)
class Named:
    """A name leads to this directory."""

    identity: Identity
    has_log: bool


@dataclass(frozen=True)
class Unnamed:
    """No name leads to this directory any more."""

    identity: Identity


Sighting = Named | Unnamed


class ScanDirectory:
    """The current directory; `look_again` is the monotonic second of the next look, or None.

    inotify says which names to look at. Where it is missing, and while a name cannot be looked at,
    the whole directory is read every LOOK_AGAIN seconds.
    """

    def __init__(self, program: str) -> None:
        self.program = program
        self.names: dict[str, Identity] = {}
        self.troubled: dict[str, str] = {}
        self.look_again: float | None = None
        self.watch = Watch(program)

    def name_of(self, identity: Identity) -> str:
        return next(name for name, known in self.names.items() if known == identity)

    def look_at_everything(self) -> list[Sighting]:
        """Read the whole directory, in the order that the file system gives."""
        try:
            present = os.listdir(".")
        except OSError as error:
            self.complain(".", f"unable to read directory: {errors.reason(error)}")
            present = list(self.names)
        else:
            self.troubled.pop(".", None)
        gone = (self.names.keys() | self.troubled.keys()) - set(present)
        return self.look_at([*present, *gone])

    def look_at_changes(self) -> list[Sighting]:
        """Look at the names that inotify has named."""
        changes = self.watch.changes()
        return self.look_at_everything() if changes.everything else self.look_at(changes.names)

    def look_at(self, names: list[str] | set[str]) -> list[Sighting]:
        sightings = [sighting for name in names for sighting in self.look(name)]
        sure = self.watch.descriptor is not None and not self.troubled
        self.look_again = None if sure else clock.now().monotonic + LOOK_AGAIN
        return sightings

    def look(self, name: str) -> list[Sighting]:
        """See what this name leads to now."""
        if name.startswith(".") or not name:
            return []
        try:
            found = self.identify(name)
            has_log = found is not None and self.has_log(name)
        except errors.Failure as failure:
            self.complain(name, failure.text)
            return []
        self.troubled.pop(name, None)
        sightings: list[Sighting] = []
        before = self.names.pop(name, None)
        if before is not None and before != found:
            self.watch.leave(name)
            if before not in self.names.values():
                sightings.append(Unnamed(before))
        if found is not None:
            self.names[name] = found
            sightings.append(Named(found, has_log or self.expect_log(name)))
        return sightings

    def expect_log(self, name: str) -> bool:
        """Watch for a log to come; whether it has, between the look and the watch."""
        self.watch.expect_log(name)
        try:
            return self.has_log(name)
        except errors.Failure:
            return False  # the directory went away; its name is looked at again for that

    def identify(self, name: str) -> Identity | None:
        """The directory behind a name; None where there is none."""
        with errors.unable_to(f"stat {name}"):
            try:
                about = os.stat(name)
            except FileNotFoundError:
                if os.path.lexists(name):
                    raise
                return None
        return Identity(about.st_dev, about.st_ino) if stat.S_ISDIR(about.st_mode) else None

    def has_log(self, name: str) -> bool:
        """Whether the service has a log directory.

        A log that is no directory can never be supervised. The original gives such a service a
        pipe that nobody reads, where it stops for ever once that is full.
        """
        with errors.unable_to(f"stat {name}/log"):
            try:
                about = os.stat(f"{name}/log")
            except FileNotFoundError:
                self.troubled.pop(f"{name}/log", None)
                return False
        if not stat.S_ISDIR(about.st_mode):
            self.complain(f"{name}/log", f"unable to start {name}/log: not a directory")
            return False
        self.troubled.pop(f"{name}/log", None)
        return True

    def complain(self, name: str, text: str) -> None:
        """Say it when it is new, not every five seconds for ever."""
        if self.troubled.get(name) != text:
            self.troubled[name] = text
            errors.warn(self.program, text)
