"""Make the rules database: a new file, complete and on disk, renamed into its place."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

import cdbx  # type: ignore[import-untyped]

from supervise import errors
from supervise.formats.rules import Record
from supervise.unix import files

BLOCK = 65536


def lines(descriptor: int) -> Iterator[bytes]:
    """Lines to the end of the input, the last one with or without its newline."""
    rest = b""
    while block := read(descriptor):
        *whole, rest = (rest + block).split(b"\n")
        yield from whole
    if rest:
        yield rest


def read(descriptor: int) -> bytes:
    with errors.unable_to("read input"):
        return os.read(descriptor, BLOCK)


def replace(path: str, temporary: str, records: Iterable[Record]) -> None:
    """Write the records to a temporary file and move it over the database.

    On failure the database is as it was. The temporary file stays behind, as it does with the
    original, which also makes it before the first rule is read.
    """
    with errors.unable_to(f"create {temporary}"):
        descriptor = files.open_trunc(temporary)
    try:
        content = build(records)
        with errors.unable_to(f"write to {temporary}"):
            files.write_all(descriptor, content)
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    with errors.unable_to(f"move {temporary} to {path}"):
        os.rename(temporary, path)


def build(records: Iterable[Record]) -> bytes:
    """The bytes of a constant database.

    Made in memory: the library writes to what it can also truncate and read, and so has no word
    for a device or a full disk.
    """
    memory = os.memfd_create("rules")
    try:
        maker = cdbx.CDB.make(memory, mmap=False)
        for key, packed in records:
            maker.add(key, packed)
        maker.commit().close()
        return read_again(memory)
    finally:
        os.close(memory)


def read_again(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    return b"".join(iter(lambda: os.read(descriptor, BLOCK), b""))
