"""Which descriptors a program has that was started by another."""

from __future__ import annotations

from typing import Any

from tests.support import processes
from tests.support.sidebyside import BASE

LIST = "cd /proc/self/fd; echo *"


def by_child_of(command: list[str], **options: Any) -> processes.Finished:
    """What comes of a command whose last words are a shell that lists its own descriptors, one
    of the list's own included."""
    with open("/dev/null", "rb") as passed:
        options = {"env": BASE, "pass_fds": [passed.fileno()], **options}
        done = processes.finish([*command, "/bin/sh", "-c", LIST], **options)
        assert b" %d " % passed.fileno() in done.stdout, "what is passed arrives"
    return done
