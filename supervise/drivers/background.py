"""Go to the background, while whoever is in the foreground waits for how that goes.

The foreground ends only when all is up, or with the exit code of what failed; until then messages
go where they would have gone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from supervise import errors
from supervise.unix import descriptors, files, pipes, processes

UMASK = 0o022  # whatever that of the caller's shell is
UP = 0

replaced: list[object] = []  # a stream that nobody knows any more closes its descriptor


class Foreground:
    """Whoever waits in the foreground, until nobody has `descriptor` open any more."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.told = False

    def tell(self, code: int) -> None:
        """Let it end with that code; the first that it is told counts."""
        if self.told:
            return
        self.told = True
        try:
            files.write_all(self.descriptor, bytes([code]))
        except BrokenPipeError:
            pass  # it was interrupted, and waits no longer

    def let_go(self) -> None:
        """This process keeps it waiting no longer."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def run(program: Callable[[Foreground], int]) -> int:
    """Call the program in the background; the exit code of the foreground."""
    with errors.unable_to("create pipe"):
        reading, writing = pipes.make()
    with errors.unable_to("fork"):
        child = processes.fork(lambda: call(program, Foreground(writing)))
    os.close(writing)
    told = os.read(reading, 1)
    while os.read(reading, 1):
        pass  # until everyone has let go
    os.waitpid(child, 0)
    if not told:
        raise errors.Failure("unable to stay in the background: killed")
    return told[0]


def call(program: Callable[[Foreground], int], foreground: Foreground) -> int:
    code = program(foreground)
    foreground.tell(code)
    return code


def open_streams() -> None:
    """The library asks Python's streams for their descriptors, and there is none where one came
    closed."""
    replaced.extend((sys.stdin, sys.stdout, sys.stderr))
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, closefd=False) for number, mode in enumerate("rww")
    )


def detach(foreground: Foreground) -> None:
    """Leave the terminal and the session, and all that is open but standard error, which is for
    what fails before all is up."""
    import daemon  # type: ignore[import-untyped] # for this alone

    with errors.unable_to("go to the background"):
        for number in (0, 1):
            descriptors.move(os.open(os.devnull, os.O_RDWR), number)
        open_streams()
    context = daemon.DaemonContext(
        # By itself it would not, if it took the parent for init or standard input for inetd's.
        detach_process=True,
        files_preserve=[foreground.descriptor],
        # All three, since what it opens itself would be closed on exec where it got that number.
        stdin=sys.stdin,
        stdout=sys.stdout,
        stderr=sys.stderr,
        working_directory=".",
        umask=UMASK,
        prevent_core=False,  # services shall have the limits that we have
        signal_map={},  # svscan has its own
        # Groups stay as they are, as in the foreground: whoever is root in a user namespace only
        # may not set them, not even to the same.
        initgroups=False,
    )
    try:
        context.open()
    except OSError as error:
        cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
        raise errors.Failure(f"unable to go to the background: {errors.reason(cause)}") from error
