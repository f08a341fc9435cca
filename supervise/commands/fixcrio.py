"""Run a program, and give each line that it reads or writes the CR that it lacks.

fixcrio program [ arg ... ]

A CR is inserted before each LF that does not follow one, in both directions.

Exits 100 for wrong usage, 111 when the program cannot be run; otherwise the program's code.
"""

from __future__ import annotations

from supervise import program
from supervise.drivers import pump
from supervise.formats import crlf
from supervise.machines.relay import WAYS, Relay

USAGE = "fixcrio: usage: fixcrio program [ arg ... ]"


def main(argv: list[str]) -> int:
    child = program.at_least(1, argv)
    pump.interpose(lambda: Relay(transforms={way: crlf.Completer().feed for way in WAYS}))
    return program.become_or_fail(child)
