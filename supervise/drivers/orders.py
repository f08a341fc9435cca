"""What multilog is told by signals while it works: TERM, HUP or INT to stop, ALRM to rotate.

The originals die of HUP and INT, and of what they have read a part is lost: `svc -h` on a log must
not cost a line.

Trouble with a disk passes, so what fails is tried again after a pause, for ever, and the pauses
grow; but a pause is a wait for orders too, and TERM ends it. (The originals block signals
meanwhile: a multilog on a full disk could only be killed.)
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from supervise import errors
from supervise.machines import pauses
from supervise.unix import signals
from supervise.unix.waiting import Waiter

PROGRAM = "multilog"
ASKED = {signal.SIGTERM, signal.SIGALRM}  # for us alone, so heard though they came ignored
HANGUPS = {signal.SIGHUP, signal.SIGINT}  # of a terminal; nohup and the shell's & ignore them
STOPS = {signal.SIGTERM, *HANGUPS}
DEAF = 1.0  # seconds
T = TypeVar("T")


class Stopped(Exception):
    """Told to stop while something could not be done."""


class Orders:
    """The orders that have come and are not yet obeyed."""

    def __init__(self, pause: float = pauses.FIRST) -> None:
        hangups = {number for number in HANGUPS if signal.getsignal(number) != signal.SIG_IGN}
        heard = ASKED | hangups
        with errors.unable_to("create pipe"):
            self.wakeup = signals.wake_on(*heard)
        # whoever started us may have blocked them
        signal.pthread_sigmask(signal.SIG_UNBLOCK, heard)
        # A reader of our stderr that ends, and a limit on sizes, must not cost us what is read.
        for number in signals.IGNORED_BY_PYTHON:
            signal.signal(number, signal.SIG_IGN)
        # Where it came ignored, nobody can wait for a processor.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.first_pause = pause
        self.stop = False
        self.rotate = False

    def look(self) -> None:
        """Note what has come."""
        taken = signals.take()
        self.stop |= not STOPS.isdisjoint(taken)
        self.rotate |= signal.SIGALRM in taken

    def wait_for(self, descriptor: int) -> bool:
        """Wait until the descriptor is readable or an order comes; returns whether it is readable
        and none has come."""
        before = self.stop, self.rotate
        waiter = Waiter()
        waiter.add(descriptor)
        waiter.add(self.wakeup)
        ready = wait(waiter, None)
        self.look()
        return descriptor in ready and before == (self.stop, self.rotate)

    def ready(self, descriptor: int) -> bool:
        """Whether a descriptor is readable now."""
        waiter = Waiter()
        waiter.add(descriptor)
        return bool(wait(waiter, 0.0))

    def pauses(self) -> Iterator[float]:
        """The seconds to wait after each of some attempts that fail."""
        return pauses.growing(self.first_pause)

    def pause(self, seconds: float) -> None:
        """Wait before the next attempt; an order to stop, also one given before, raises Stopped."""
        waiter = Waiter()
        waiter.add(self.wakeup)
        until = time.monotonic() + seconds
        self.look()
        while not self.stop and time.monotonic() < until:
            wait(waiter, until)
            self.look()
        if self.stop:
            raise Stopped

    def insist(self, what: str, step: Callable[[], T]) -> T:
        """Do a step, with a warning and a pause after each time that it cannot be done."""
        pauses = self.pauses()
        while True:
            try:
                return step()
            except OSError as error:
                reason = errors.reason(error)
                errors.warn(PROGRAM, f"unable to {what}, pausing: {reason}")
            self.pause(next(pauses))


def wait(waiter: Waiter, until: float | None) -> set[int]:
    """As the waiter does. Where that fails, for want of memory, it has lasted a moment, in which
    nothing is heard: listening is what fails."""
    try:
        return waiter.wait(until)
    except OSError as error:
        errors.warn(PROGRAM, f"unable to wait, pausing: {errors.reason(error)}")
        time.sleep(DEAF)
        return set()
