"""The control group of a service, where this machine has version 2 of them and we may make one.

It is below the one that its supervise is in, and its path is kept in supervise/cgroup, so that the
next supervise finds it wherever that one runs. It has the identity of the directory in its name: a
copy of a service directory says nothing of a control group of its own.
"""

from __future__ import annotations

import os
import re

from supervise.unix import cgroups, files

PLACE = "supervise/cgroup"
UNUSUAL = re.compile(rb"[^A-Za-z0-9_.@+-]+")


class ServiceCgroup:
    """The one of the current directory; `path` is None while there is none."""

    def __init__(self, name: str) -> None:
        about = os.stat(".")
        self.identity = f".{about.st_dev:x}.{about.st_ino:x}"
        self.name = "supervise-" + UNUSUAL.sub(b"-", os.fsencode(name))[-100:].decode()
        self.path = self.kept()

    def kept(self) -> str | None:
        """What was made by a supervise before us."""
        try:
            path = os.fsdecode(files.read_whole(PLACE))
        except OSError:
            return None
        return path if path.endswith(self.identity) and os.path.isdir(path) else None

    def take(self, pid: int) -> bool:
        """Put a process there before it can start others; whether that could be done."""
        try:
            if self.path is None or not os.path.isdir(self.path):
                self.path = self.made()
            if self.path is not None:
                cgroups.enter(self.path, pid)
        except OSError:
            return False
        return self.path is not None

    def made(self) -> str | None:
        above = cgroups.own()
        if above is None:
            return None
        path = f"{above}/{self.name}{self.identity}"
        self.keep(path)  # first, since one that nobody knows of would stay for ever
        cgroups.make(path)
        return path

    def keep(self, path: str) -> None:
        descriptor = files.open_trunc(f"{PLACE}.new", 0o600)
        try:
            files.write_all(descriptor, os.fsencode(path))
        finally:
            os.close(descriptor)
        os.rename(f"{PLACE}.new", PLACE)

    def kill(self) -> bool:
        """Kill whoever is there; whether there is a group that could be told."""
        try:
            if self.path is not None:
                cgroups.kill(self.path)
        except OSError:
            return False
        return self.path is not None

    def members(self) -> set[int]:
        return cgroups.members(self.path) if self.path is not None else set()

    def remove(self) -> None:
        """Nothing is left of it once nobody is; else it stays, and is still known."""
        try:
            if self.path is not None:
                cgroups.remove(self.path)
                os.unlink(PLACE)
        except OSError:
            return
        self.path = None
