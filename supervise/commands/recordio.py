"""Run a program, and record on standard error all that it reads and writes.

recordio program [ arg ... ]

What comes in on descriptor 0 is recorded as «PID < TEXT» and what goes out on descriptor 1 as
«PID > TEXT», in pieces of at most 256 bytes. A space after TEXT stands for a newline that followed,
a «+» for none, and [EOF] for the end.

Exits 100 for wrong usage, 111 when the program cannot be run; otherwise the program's code.
"""

from __future__ import annotations

import os

from supervise import program
from supervise.drivers import pump
from supervise.formats import transcript
from supervise.machines.relay import INWARD, OUTWARD, Relay, Way

USAGE = "recordio: usage: recordio program [ arg ... ]"
ARROWS = {INWARD: transcript.INWARD, OUTWARD: transcript.OUTWARD}


def main(argv: list[str]) -> int:
    child = program.at_least(1, argv)
    pid = os.getpid()

    def record(way: Way, chunk: bytes) -> list[bytes]:
        return transcript.records(pid, ARROWS[way], chunk)

    pump.interpose(lambda: Relay(record))
    return program.become_or_fail(child)
