"""A scan directory: which service directories its names lead to, and what has changed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass

from supervise import errors
from supervise.drivers import clock, route
from supervise.drivers.route import Place
from supervise.drivers.watch import Watch
from supervise.machines.scaneffects import Identity

LOOK_AGAIN = 5.0  # seconds: the originals' interval, where no event will come
LOOK_SOON = 1.0  # seconds, doubled each time, where something could not be looked at


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

    inotify says which names to look at. Where it is missing the whole directory is read every
    LOOK_AGAIN seconds; and so it is, sooner at first, while something cannot be looked at.
    """

    def __init__(self, program: str) -> None:
        self.program = program
        self.names: dict[str, Identity] = {}
        self.troubled: dict[str, str] = {}  # what was said of a name, of «.», or of NAME/log
        self.unwatched: set[str] = set()
        self.look_again: float | None = None
        self.pause = LOOK_SOON
        self.watch = Watch(program)

    def name_of(self, identity: Identity) -> str | None:
        """One of the names that lead to a directory."""
        return next((name for name, known in self.names.items() if known == identity), None)

    def is_due(self) -> bool:
        """Whether it is time to look at everything again."""
        return self.look_again is not None and clock.now().monotonic >= self.look_again

    def look_soon(self) -> None:
        """Something that was seen before may mean something else now."""
        self.look_again = clock.now().monotonic

    def look_at_everything(self) -> list[Sighting]:
        """Read the whole directory, in the order that the file system gives."""
        known = self.names.keys() | {name.partition("/")[0] for name in self.troubled}
        try:
            present = os.listdir(".")
        except OSError as error:
            self.complain(".", f"unable to read directory: {errors.reason(error)}")
            present = list(self.names)
        else:
            self.troubled.pop(".", None)
        self.look_again = None  # planned anew
        return self.look_at([*present, *(known - set(present))])

    def look_at_changes(self) -> list[Sighting]:
        """Look at the names that inotify has named."""
        try:
            changes = self.watch.changes()
        except OSError:
            self.look_soon()  # a part of them may have been read, and will not come again
            raise
        if changes.everything or self.is_due():
            return self.look_at_everything()
        return self.look_at(changes.names)

    def look_at(self, names: Iterable[str]) -> list[Sighting]:
        before = list(dict.fromkeys(self.names.values()))
        named = [sighting for name in names for sighting in self.look(name)]
        # What is gone comes last: a directory that was renamed is not.
        left = set(self.names.values())
        unnamed = [Unnamed(identity) for identity in before if identity not in left]
        self.plan_next_look()
        return [*named, *unnamed]

    def plan_next_look(self) -> None:
        """Where no event will tell when to look. One that is planned is not put off by events."""
        unseen = self.watch.descriptor is None or bool(self.unwatched)
        if not self.troubled:
            self.pause = LOOK_SOON
        if not self.troubled and not unseen:
            self.look_again = None
        elif self.look_again is None:
            pause = min(self.pause, LOOK_AGAIN) if self.troubled else LOOK_AGAIN
            self.pause = min(2 * pause, LOOK_AGAIN) if self.troubled else LOOK_SOON
            self.look_again = clock.now().monotonic + pause

    def look(self, name: str) -> list[Named]:
        """See what this name leads to now."""
        if name.startswith(".") or not name:
            return []
        self.follow(name)  # before the look, so that nothing changes unseen between the two
        before, found, has_log = self.names.pop(name, None), None, False
        try:
            found = self.identify(name)
            has_log = found is not None and self.has_log(name)
            self.troubled.pop(name, None)
        except errors.Failure as failure:
            self.complain(name, failure.text)
            if found != before:
                return []  # a new service waits until it is known whether it has a log
        if found is None:
            self.forget(name)
            return []
        self.names[name] = found
        return [Named(found, has_log)]

    def follow(self, name: str) -> None:
        """Watch the places that decide what the name leads to, and for a log that may come."""
        places = route.places(name)
        if os.path.isdir(name) and not os.path.isdir(f"{name}/log"):
            places.append(Place(name, "log"))
        if self.watch.follow(name, places):
            self.unwatched.discard(name)
        else:
            self.unwatched.add(name)

    def forget(self, name: str) -> None:
        """There is no directory of this name; only a link is watched further."""
        self.troubled.pop(f"{name}/log", None)
        if not os.path.islink(name):
            self.watch.leave(name)
            self.unwatched.discard(name)

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
