"""Signals only wake a loop; the work is done where everything else is done."""

from __future__ import annotations

import os

from supervise.unix import rawsignal as signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)

caught: set[int] = set()
pipe: list[int] = []  # the read and the write end, while somebody listens


def note(number: int, frame: FrameType | None) -> None:
    caught.add(number)


def wake_on(*numbers: int) -> int:
    """Catch these signals; returns a descriptor that is readable once one has come.

    The bytes in the pipe may overflow and mean only «something came»; which, the set knows.
    """
    if not pipe:
        pipe.extend(os.pipe())
        os.set_blocking(pipe[0], False)
        os.set_blocking(pipe[1], False)
        signal.set_wakeup_fd(pipe[1], warn_on_full_buffer=False)
    for number in numbers:
        signal.signal(number, note)
    return pipe[0]


def take() -> set[int]:
    """The signals that came since the last call."""
    try:
        while os.read(pipe[0], 4096):
            pass
    except BlockingIOError:
        pass
    taken = set(caught)
    caught.difference_update(taken)
    return taken


def hold() -> set[int]:
    """Keep whatever is caught until it is let through again, by this program or the next one;
    returns what was kept before. What has come so far is in `caught`."""
    numbers = [number for number in signal.valid_signals() if callable(signal.getsignal(number))]
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, numbers))


def hold_only(kept: set[int]) -> None:
    """Let through whatever is not among these."""
    signal.pthread_sigmask(signal.SIG_SETMASK, kept)


def reset() -> None:
    """What exec does to signals: caught ones go back to default; so do the two that Python
    ignores for itself."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    for number in IGNORED_BY_PYTHON:
        signal.signal(number, signal.SIG_DFL)
    for descriptor in pipe:
        os.close(descriptor)
    pipe.clear()
    caught.clear()
