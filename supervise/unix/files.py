"""Files: the originals' four ways to open, and replacing one whole."""

from __future__ import annotations

import os

from supervise.unix import descriptors

Path = str | bytes


def open_read(path: Path) -> int:
    """Open for reading; a FIFO does not wait for a writer."""
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK)


def open_write(path: Path) -> int:
    """Open what exists for writing; a FIFO that nobody reads is ENXIO, the liveness test of
    the whole package."""
    return os.open(path, os.O_WRONLY | os.O_NONBLOCK)


def open_append(path: Path, mode: int = 0o600) -> int:
    """Open for appending, created with that mode less the umask."""
    return os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_APPEND | os.O_CREAT, mode)


def open_trunc(path: Path, mode: int = 0o644) -> int:
    """Open for writing from the start, created with that mode less the umask."""
    return os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_TRUNC | os.O_CREAT, mode)


def read_head(path: Path, size: int) -> bytes:
    """The first bytes of a file, fewer where it is shorter."""
    descriptor = open_read(path)
    try:
        head = b""
        while len(head) < size and (block := os.read(descriptor, size - len(head))):
            head += block
        return head
    finally:
        descriptors.close(descriptor)


def read_whole(path: Path) -> bytes:
    """All bytes of a file."""
    descriptor = open_read(path)
    try:
        blocks = []
        while block := os.read(descriptor, 65536):
            blocks.append(block)
        return b"".join(blocks)
    finally:
        descriptors.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte, however the kernel cuts them."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def exists(path: Path) -> bool:
    """Whether something is there, links followed; trouble is not absence and is raised."""
    try:
        os.stat(path)
    except FileNotFoundError:
        return False
    return True


def make_fifo(path: Path) -> None:
    """Make a FIFO 0600; one that is there keeps its mode and owner, so that an admin can
    delegate it."""
    try:
        os.mkfifo(path, 0o600)
    except OSError:
        pass  # whatever is wrong shows itself when it is opened
