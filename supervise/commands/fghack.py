"""Run a program that goes to the background, and stay until all that it started has ended.

fghack child [ arg ... ]

Whatever the child starts inherits many copies of one end of a pipe; when the last copy is closed
nobody is left.

Exits with the child's code as soon as nobody has the pipe, 100 for wrong usage, 111 when the child
was killed or could not be run.
"""

from __future__ import annotations

import os

from supervise import errors, program
from supervise.unix import pipes, processes

USAGE = "fghack: usage: fghack child"
COPIES = 30  # more than a daemon that closes the first few descriptors gets at
CHUNK = 65536


def main(argv: list[str]) -> int:
    child = program.at_least(1, argv)
    with errors.unable_to("create pipe"):
        reading, writing = pipes.make()

    def start() -> int:
        os.close(reading)
        copy(writing)
        return program.guarded("fghack", USAGE, lambda: program.become_or_fail(child))

    with errors.unable_to("fork"):
        pid = processes.fork(start)
    os.close(writing)
    wait_for_the_end(reading)
    return code_of(pid)


def copy(descriptor: int) -> None:
    """Make the descriptor and more copies of it inheritable."""
    os.set_inheritable(descriptor, True)
    for _ in range(COPIES):
        try:
            os.set_inheritable(os.dup(descriptor), True)
        except OSError:
            return  # no room for more; those that there are will do


def wait_for_the_end(descriptor: int) -> None:
    """Read, and throw away, until nobody can write any more."""
    try:
        while os.read(descriptor, CHUNK):
            pass
    except OSError:
        pass  # as good as the end
    os.close(descriptor)


def code_of(pid: int) -> int:
    """The exit code of a child, once it has ended."""
    try:
        _, status = os.waitpid(pid, 0)
    except OSError as error:
        raise errors.Failure(f"wait failed: {errors.reason(error)}") from error
    if os.WIFSIGNALED(status):
        raise errors.Failure("child crashed")
    return os.WEXITSTATUS(status)
