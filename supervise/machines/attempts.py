"""Which address of a host to try next, and for how long.

Where there are several, each has a short time first; those that did not answer in it have a second,
long one when all others have failed. So one dead address costs a moment and not a minute.
"""

from __future__ import annotations

from supervise.rawtyping import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from supervise.formats.timeouts import Timeouts


class Attempt(NamedTuple):
    number: int  # of the address
    patience: int  # seconds
    again: bool  # whether a second time follows


class Attempts:
    """The attempts at some addresses in order: take `next`, and tell of each that `timed_out`."""

    def __init__(self, count: int, timeouts: Timeouts) -> None:
        first, second = timeouts
        self.second = second
        if count == 1:
            self.waiting = [Attempt(0, first + second, False)]
        else:
            self.waiting = [Attempt(number, first, second > 0) for number in range(count)]

    def next(self) -> Attempt | None:
        """The next attempt; None when there is nothing more to try."""
        return self.waiting.pop(0) if self.waiting else None

    def timed_out(self, attempt: Attempt) -> bool:
        """Nobody answered in time: whether that was the last word."""
        if attempt.again:
            self.waiting.append(Attempt(attempt.number, self.second, False))
        return not attempt.again
