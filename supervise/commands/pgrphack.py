"""Run a program in a session of its own, and so in a process group of its own.

pgrphack child [ arg ... ]

The child keeps the process; it has no controlling terminal. One that already leads a process group
is left where it is.

Exits 100 for wrong usage, 111 when the child cannot be run; otherwise the child's code.
"""

from __future__ import annotations

import os

from supervise import program

USAGE = "pgrphack: usage: pgrphack child"


def main(argv: list[str]) -> int:
    child = program.at_least(1, argv)
    try:
        os.setsid()
    except PermissionError:
        pass  # the leader of a group cannot leave it; as in the original that is no trouble
    return program.become_or_fail(child)
