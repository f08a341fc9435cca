"""inotify over a scan directory: which names to look at again, as they change."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from supervise import errors
from supervise.drivers.route import Place
from supervise.formats import inotify
from supervise.formats.inotify import Event
from supervise.unix import linux

# One mask for every watch: a directory has one watch, whatever it is watched for.
MASK = (
    inotify.CREATE
    | inotify.MOVED_TO
    | inotify.DELETE
    | inotify.MOVED_FROM
    | inotify.MOVE_SELF
    | inotify.ONLYDIR
)
WHOLE = inotify.MOVE_SELF | inotify.IGNORED  # the directory itself is elsewhere, or gone
READ_SIZE = 65536


class Changes(NamedTuple):
    """Names to look at; `everything` where events were lost."""

    names: set[str]
    everything: bool


class Watch:
    """Watches on the current directory and on the places that its names depend on.

    `descriptor` is readable when something changed; None where the kernel gives no inotify, and
    then the caller looks again from time to time.
    """

    def __init__(self, program: str) -> None:
        # For each watch: the entries that matter, and the names that depend on each.
        self.dependents: dict[int, dict[str, set[str]]] = {}
        self.watches: dict[str, set[int]] = {}  # the other way round
        self.root = -1
        self.descriptor: int | None = None
        try:
            self.descriptor = linux.inotify_init()
            self.root = linux.inotify_add_watch(self.descriptor, ".", MASK)
        except OSError as error:
            errors.warn(program, f"unable to watch directory: {errors.reason(error)}")
            self.close()

    def close(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def follow(self, name: str, places: Iterable[Place]) -> bool:
        """Tell of this name when something changes in these places, and no others; whether all
        can be watched."""
        wanted = [(self.add(place.directory), place.entry) for place in places]
        before = self.release(name)
        for watch, entry in wanted:
            if watch is not None:
                self.dependents.setdefault(watch, {}).setdefault(entry, set()).add(name)
                self.watches.setdefault(name, set()).add(watch)
        self.remove_unused(before)
        return all(watch is not None for watch, _ in wanted)

    def leave(self, name: str) -> None:
        """This name needs no place but its own any longer."""
        self.remove_unused(self.release(name))

    def add(self, directory: str) -> int | None:
        if self.descriptor is None:
            return None
        try:
            return linux.inotify_add_watch(self.descriptor, directory, MASK)
        except OSError:
            return None  # gone again, forbidden, or too many watches: the caller polls

    def release(self, name: str) -> set[int]:
        """Take the name off every watch; returns those watches."""
        watches = self.watches.pop(name, set())
        for watch in watches:
            entries = self.dependents.get(watch, {})
            for entry in [entry for entry, names in entries.items() if name in names]:
                entries[entry].discard(name)
                if not entries[entry]:
                    del entries[entry]
        return watches

    def remove_unused(self, watches: set[int]) -> None:
        for watch in watches:
            if not self.dependents.get(watch):
                self.dependents.pop(watch, None)
                self.remove(watch)

    def remove(self, watch: int) -> None:
        if self.descriptor is None or watch == self.root:
            return
        try:
            linux.inotify_rm_watch(self.descriptor, watch)
        except OSError:
            pass  # the directory is gone, and the watch with it

    def changes(self) -> Changes:
        """What has changed since the last call; where that fails, something may be lost."""
        names: set[str] = set()
        everything = False
        for event in self.events():
            everything = everything or bool(event.mask & inotify.OVERFLOW)
            names |= self.concerned(event)
        return Changes(names, everything)

    def events(self) -> Iterable[Event]:
        while self.descriptor is not None:
            try:
                block = os.read(self.descriptor, READ_SIZE)
            except BlockingIOError:
                return
            yield from inotify.unpack(block)

    def concerned(self, event: Event) -> set[str]:
        """The names to look at for an event."""
        entry = os.fsdecode(event.name)
        dependents = self.dependents.get(event.watch, {})
        if event.mask & inotify.IGNORED:
            self.dependents.pop(event.watch, None)
        if event.mask & WHOLE:
            return set().union(*dependents.values())
        return dependents.get(entry, set()) | ({entry} if event.watch == self.root else set())
