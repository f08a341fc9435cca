"""Deliver into a Maildir so that a message is there whole and for good, or not at all.

Source: maildir(5): written under tmp/, synced, linked into new/.
"""

from __future__ import annotations

import os
import time

from supervise.unix import files

PARTS = ("tmp", "new", "cur")
DIRECTORY_MODE, FILE_MODE = 0o700, 0o600
TRIES = 10  # names in a row that may be taken


def make(path: str) -> None:
    """Make a Maildir and its parts, where they are missing."""
    made = [
        make_directory(directory) for directory in (path, *(f"{path}/{part}" for part in PARTS))
    ]
    if any(made):
        sync_directory(path)
        sync_directory(os.path.dirname(path) or ".")


def make_directory(path: str) -> bool:
    try:
        os.mkdir(path, DIRECTORY_MODE)
    except FileExistsError:
        return False
    return True


def sync_directory(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unique_name() -> str:
    """A file name that nobody else uses: time, chance, process and host.

    Without chance a clock that went back could bring a name again that a reader has moved to
    cur/, where the next one would replace it.
    """
    seconds, microseconds = divmod(time.time_ns() // 1000, 10**6)
    chance = os.urandom(8).hex()
    host = os.uname().nodename.replace("/", r"\057").replace(":", r"\072")
    return f"{seconds}.M{microseconds}R{chance}P{os.getpid()}.{host}"


def create_in(path: str) -> tuple[str, int]:
    """A new file under tmp/: its name and its descriptor, for reading and writing."""
    for _ in range(TRIES - 1):
        try:
            return create(path, unique_name())
        except FileExistsError:
            pass  # the microsecond in the name changes
    return create(path, unique_name())


def create(path: str, name: str) -> tuple[str, int]:
    return name, os.open(f"{path}/tmp/{name}", os.O_RDWR | os.O_CREAT | os.O_EXCL, FILE_MODE)


def create_nameless(path: str) -> int:
    """A file under tmp/ that is gone when it is closed."""
    name, descriptor = create_in(path)
    os.unlink(f"{path}/tmp/{name}")
    return descriptor


class Delivery:
    """One message being written; `publish` and `settle`, or `discard`, end it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.name, self.descriptor = create_in(path)
        self.names = [self.temporary]  # all that lead to the message

    @property
    def temporary(self) -> str:
        return f"{self.path}/tmp/{self.name}"

    def write(self, data: bytes) -> None:
        files.write_all(self.descriptor, data)

    def copy_from(self, source: int) -> None:
        """Append a whole file, from its start, inside the kernel."""
        offset = 0
        while sent := os.sendfile(self.descriptor, source, offset, 2**30):
            offset += sent

    def sync(self) -> None:
        """Have everything on the disk."""
        os.fsync(self.descriptor)
        os.close(self.descriptor)
        self.descriptor = -1

    def publish(self) -> None:
        """Show the message to readers."""
        shown = f"{self.path}/new/{self.name}"
        os.link(self.temporary, shown)
        self.names.append(shown)

    def settle(self) -> None:
        """Have the name for readers on the disk too. The other one goes, now or when a reader
        clears tmp/: that is no trouble for this message."""
        unlink(self.temporary)
        sync_directory(f"{self.path}/new")

    def discard(self) -> None:
        """Leave nothing behind, but what a reader has taken already."""
        for name in self.names:
            unlink(name)


def unlink(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass  # what led here, or that all is well, is what the caller tells
