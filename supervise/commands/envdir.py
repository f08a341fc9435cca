"""Run a program with its environment changed by the files of a directory.

envdir dir child [ arg ... ]

Each file is a variable: its first line is the value, trailing blanks are dropped, NUL stands for a
newline. An empty file removes the variable. Names that begin with a dot are left alone.

Exits 111 for wrong usage, for a directory that cannot be read, and when the child cannot be run;
otherwise the child's code.
"""

from __future__ import annotations

import os

from supervise import errors, program
from supervise.drivers import environment

USAGE = "envdir: usage: envdir dir child"


def main(argv: list[str]) -> int:
    # 111, and not the 100 of the other programs: so it is in the original.
    directory, *child = program.at_least(2, argv, errors.TEMPORARY)
    changes = environment.read(directory)
    return program.become_or_fail(child, environment.changed(os.environb, changes))
