"""Where the messages of a tree go that has no terminal: into the output of ps, as the originals
have it.

A log was not chosen, since nothing would look after it: svscan and its supervises say something
when a service cannot be run at all, so the last of it is what an administrator needs.
"""

from __future__ import annotations

import os

from supervise import errors, search
from supervise.unix import pipes, signals

READER = "readproctitle"
TITLE = [READER, "service", "errors:", 400 * "."]


def show_in_ps() -> None:
    """Let a readproctitle show what is written to descriptors 1 and 2 from now on.

    It ends when nobody is left who can write there. It is a program of its own, since what ps
    shows of a process cannot be longer than what the program was called with.
    """
    with errors.unable_to("create pipe"):
        reading, writing = pipes.make()
    with errors.unable_to(f"run {READER}"):
        start_reader(reading)
    os.close(reading)
    os.dup2(writing, 1)
    os.dup2(writing, 2)
    os.close(writing)


def start_reader(reading: int) -> None:
    """Start readproctitle on a pipe, in a session of its own: what a terminal sends is not for the
    one who shows how everything stops."""
    actions = [
        (os.POSIX_SPAWN_DUP2, reading, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    environment = {b"PATH": os.environb.get(b"PATH", search.DEFAULT_PATH)}
    os.posix_spawnp(
        READER,
        TITLE,
        environment,
        file_actions=actions,
        setsid=True,
        setsigdef=signals.IGNORED_BY_PYTHON,
    )
