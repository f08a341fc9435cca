"""What keeps svscan and supervise alive: trouble is one warning line, and the loop goes on.

Everything else depends on these two, and svscan may be process 1. So nothing that a system call
answers, and no mistake of ours either, may end them; and what fails every time may not make them
spin.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from types import TracebackType

from supervise import errors
from supervise.unix import signals

PAUSE = 1.0  # seconds after a turn that failed; nobody knows whether the next one will fail too


def listen(*numbers: int) -> int:
    """Be woken by SIGCHLD and these signals; returns the descriptor that tells of them.

    What is ignored stays ignored, here and in every service, as whoever started us with nohup or
    in the background wished. What is blocked is let through. A warning that nobody reads any more,
    and a limit on the size of files, must not end us; nor may one that nobody reads just now stop
    us.
    """
    errors.waits = False
    heard = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]
    wakeup = signals.wake_on(signal.SIGCHLD, *heard)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGCHLD, *heard))
    for number in signals.IGNORED_BY_PYTHON:
        signal.signal(number, signal.SIG_IGN)
    signal.raise_signal(signal.SIGCHLD)  # a child that we were started with may have ended before
    return wakeup


class warn_unable_to:
    """Turn an OSError inside the block into «PROGRAM: warning: unable to VERB OBJECT: REASON»."""

    def __init__(self, program: str, what: str) -> None:
        self.program = program
        self.what = what

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> bool:
        if not isinstance(error, OSError):
            return False
        errors.warn(self.program, f"unable to {self.what}: {errors.reason(error)}")
        return True


def take_turn(program: str, turn: Callable[[], None]) -> None:
    """One turn of a loop that must not end: whatever it raises is told, and followed by a pause."""
    try:
        turn()
    except Exception as error:
        errors.warn(program, f"unable to go on as usual, pausing: {explain(error)}")
        time.sleep(PAUSE)  # deaf, for once: listening may be what fails
        signal.raise_signal(signal.SIGCHLD)  # whoever has ended may not have been seen to


def explain(error: Exception) -> str:
    """What went wrong and where, in one line."""
    if isinstance(error, errors.Failure):
        return error.text
    what = errors.reason(error) if isinstance(error, OSError) else repr(error)
    return f"{what} ({place(error.__traceback__)})"


def place(trace: TracebackType | None) -> str:
    """The file and line where it was raised."""
    if trace is None:
        return "nowhere"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
