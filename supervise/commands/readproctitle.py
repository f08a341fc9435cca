"""Show the last of standard input in the output of ps.

readproctitle words dots

The command line that ps shows ends in as many characters as `dots` has, whatever they are: three
dots, and then the last bytes that were read, newlines included. For example svscan's complaints,
for an administrator to see them without any log:

    svscan /service 2>&1 | readproctitle service errors: ........................................

Exits 0 at the end of the input, 100 without a word where `dots` is missing or has less than 5
bytes, 111 when it cannot read.
"""

from __future__ import annotations

import os

from supervise import errors
from supervise.drivers import filtering
from supervise.machines.tail import Tail
from supervise.unix import title

USAGE = "readproctitle: usage: readproctitle words dots"
SHORTEST = 5  # bytes
ALWAYS = b"..."


def main(argv: list[str]) -> int:
    *words, dots = (os.fsencode(word) for word in argv or [""])
    if len(dots) < SHORTEST:
        return errors.PERMANENT  # silently, as the original
    before = b" ".join([b"readproctitle", *words, ALWAYS])
    tail = Tail(len(dots) - len(ALWAYS))
    title.show(before + tail.row)
    while block := filtering.read():
        tail.take(block)
        title.show(before + tail.row)
    return 0
