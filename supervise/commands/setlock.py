"""Run a program while holding a lock on a file, which is made where there is none.

setlock [ options ] file program [ arg ... ]

The lock is held until the program, and all that it has passed the descriptor on to, have ended or
closed it. Options:

    -n    give up at once where somebody else has the lock
    -N    wait for the lock (default)
    -x    where there is no lock to be had, exit 0 without a word
    -X    where there is no lock to be had, say why and exit 111 (default)

Exits 100 for wrong usage, 111 when there is no lock to be had (but see -x) or the program cannot be
run; otherwise the program's code.
"""

from __future__ import annotations

import os

from supervise import errors, program
from supervise.unix import files, locks

USAGE = "setlock: usage: setlock [ -nNxX ] file program [ arg ... ]"


def main(argv: list[str]) -> int:
    options = program.Options(argv, "nNxX")
    wait, complain = True, True
    for letter, _ in options:
        if letter in "nN":
            wait = letter == "N"
        else:
            complain = letter == "X"
    path, *child = program.at_least(2, options.operands)
    try:
        take(path, wait)
    except errors.Failure:
        if complain:
            raise
        return 0
    return program.become_or_fail(child)


def take(path: str, wait: bool) -> None:
    """Lock the file; what we become inherits the descriptor, and the lock with it."""
    with errors.unable_to(f"open {path}"):
        descriptor = files.open_append(path)
        os.set_inheritable(descriptor, True)
    with errors.unable_to(f"lock {path}"):
        locks.exclusive(descriptor, wait)
