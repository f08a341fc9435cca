"""inotify over a scan directory: which names to look at again, as they change."""

from __future__ import annotations

import os
from typing import NamedTuple

from supervise import errors
from supervise.formats import inotify
from supervise.unix import linux

NAMES = inotify.CREATE | inotify.MOVED_TO | inotify.DELETE | inotify.MOVED_FROM | inotify.ONLYDIR
ARRIVALS = inotify.CREATE | inotify.MOVED_TO | inotify.ONLYDIR
READ_SIZE = 65536


class Changes(NamedTuple):
    """Names to look at; `everything` where events were lost."""

    names: set[str]
    everything: bool


class Watch:
    """Watches on the current directory and on service directories that have no log yet.

    `descriptor` is readable when something changed; None where the kernel gives no inotify, and
    then the caller looks again from time to time.
    """

    def __init__(self, program: str) -> None:
        self.directories: dict[int, str] = {}
        self.watches: dict[str, int] = {}
        self.root = -1
        self.descriptor: int | None = None
        try:
            self.descriptor = linux.inotify_init()
            self.root = linux.inotify_add_watch(self.descriptor, ".", NAMES)
        except OSError as error:
            errors.warn(program, f"unable to watch directory: {errors.reason(error)}")
            self.close()

    def close(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def expect_log(self, name: str) -> None:
        """Name this service again when something arrives in its directory."""
        if self.descriptor is None or name in self.watches:
            return
        try:
            watch = linux.inotify_add_watch(self.descriptor, name, ARRIVALS)
        except OSError:
            return  # gone again, or too many watches: a log that comes is then seen at a restart
        self.watches[name] = watch
        self.directories[watch] = name

    def leave(self, name: str) -> None:
        """Watch this service's directory no longer."""
        watch = self.watches.pop(name, None)
        if watch is None or self.descriptor is None:
            return
        self.directories.pop(watch, None)
        try:
            linux.inotify_rm_watch(self.descriptor, watch)
        except OSError:
            pass  # the directory is gone, and the watch with it

    def changes(self) -> Changes:
        """What has changed since the last call."""
        names: set[str] = set()
        everything = False
        while self.descriptor is not None:
            try:
                block = os.read(self.descriptor, READ_SIZE)
            except BlockingIOError:
                break
            for event in inotify.unpack(block):
                if event.mask & inotify.OVERFLOW:
                    everything = True
                elif event.watch == self.root:
                    everything |= bool(event.mask & inotify.IGNORED)
                    names.add(os.fsdecode(event.name))
                elif event.name == b"log" and event.watch in self.directories:
                    names.add(self.directories[event.watch])
        return Changes(names, everything)
