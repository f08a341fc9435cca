"""A service that writes numbered lines: writer.py TALLIES RATE MARK.

It writes RATE lines a second to standard output, in pieces that a pipe takes whole, and counts
what it has written in a file of TALLIES that is named by its pid and outlives a KILL. TERM ends it
at the end of a piece, with the exit code that its pid stands for. MARK tells it from others.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
import sys
import time

TICK = 0.002  # seconds between two pieces
PIPE_BUF = 4096  # bytes that a pipe takes whole, and LONGEST of one line
LONGEST = 40
COUNT = struct.Struct("<Q")


def exit_code(pid: int) -> int:
    """What a writer of that pid exits with; never 0, nor what others exit with."""
    return 1 + pid % 97


def written(tallies: str) -> dict[int, int]:
    """The highest number that each writer has certainly written."""
    found = {}
    for name in os.listdir(tallies):
        with open(f"{tallies}/{name}", "rb") as tally:
            (found[int(name)],) = COUNT.unpack(tally.read())
    return found


def tally(place: str) -> mmap.mmap:
    with open(place, "w+b") as file:
        file.write(COUNT.pack(0))
        file.flush()
        return mmap.mmap(file.fileno(), COUNT.size)


def main(tallies: str, rate: float) -> int:
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import ledger  # type: ignore[import-not-found]  # with no package around it, it starts faster

    pid, number, ended = os.getpid(), 0, []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    count = tally(f"{tallies}/{pid}")
    began = time.monotonic()
    while not ended:
        behind = int((time.monotonic() - began) * rate) - number
        size = max(1, min(behind, PIPE_BUF // LONGEST))
        piece = b"".join(ledger.line(pid, number + one + 1) for one in range(size))
        os.write(1, piece)
        number += size
        COUNT.pack_into(count, 0, number)
        if behind < PIPE_BUF // LONGEST:
            time.sleep(max(TICK, (number + 1) / rate - (time.monotonic() - began)))
        elif behind > rate:
            began = time.monotonic() - number / rate  # nobody read for long: not to be made up for
    return exit_code(pid)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2])))
