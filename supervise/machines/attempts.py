"""Which address of a host to try next, and for how long.

Where there are several, each has a short time first; those that did not answer in it have a second,
long one when all others have failed. So one dead address costs a moment and not a minute.
"""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from supervise.formats.timeouts import Timeouts

Place = TypeVar("Place")


class Attempt(NamedTuple, Generic[Place]):
    place: Place
    patience: int  # seconds
    again: bool  # whether a second time follows


class Attempts(Generic[Place]):
    """The attempts in order: take `next`, and tell of each that `timed_out`."""

    def __init__(self, places: list[Place], timeouts: Timeouts) -> None:
        first, second = timeouts
        self.second = second
        if len(places) == 1:
            self.waiting = [Attempt(places[0], first + second, False)]
        else:
            self.waiting = [Attempt(place, first, second > 0) for place in places]

    def next(self) -> Attempt[Place] | None:
        """The next attempt; None when there is nothing more to try."""
        return self.waiting.pop(0) if self.waiting else None

    def timed_out(self, attempt: Attempt[Place]) -> bool:
        """Nobody answered in time: whether that was the last word."""
        if attempt.again:
            self.waiting.append(Attempt(attempt.place, self.second, False))
        return not attempt.again
