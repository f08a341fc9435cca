"""A filter: standard input to standard output, changed on the way, each chunk as it comes."""

from __future__ import annotations

import os
from collections.abc import Callable

from supervise.errors import unable_to
from supervise.unix import readiness

CHUNK = 65536  # bytes


def run(change: Callable[[bytes], bytes], end: Callable[[], bytes] = bytes) -> None:
    """Pass everything through `change`, and what `end` returns after it.

    What has been read is written before more is waited for, so that a dialogue can go through.
    """
    while chunk := read():
        write(change(chunk))
    write(end())


def read() -> bytes:
    with unable_to("read input"):
        while True:
            try:
                return os.read(0, CHUNK)
            except BlockingIOError:
                readiness.wait((0,), ())


def write(chunk: bytes) -> None:
    with unable_to("write output"):
        while chunk:
            try:
                chunk = chunk[os.write(1, chunk) :]
            except BlockingIOError:
                readiness.wait((), (1,))
