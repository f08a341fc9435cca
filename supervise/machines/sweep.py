"""How a service is swept away: stop all that can fork, then kill, until nobody is found.

Each look at all processes is told to `looked`, and `number` and `next_look` say what the next one
does, and when. Those who are only stopped cannot fork, nor notice that others die; once a look has
found nobody who ran, or after FREEZING, all are killed. Whoever forks faster than we can look is
stopped in passing, and found in the next look, which follows at once as long as anybody is new.

Nobody is left when a look finds nobody, and no orphan has ended meanwhile that might have forked
before it. They may be those of others, and some always end on a busy machine, so CALM looks without
anybody are enough.
"""

from __future__ import annotations

from enum import Enum

STOP, KILL = 19, 9  # signal(7) on Linux
FREEZING = 1.0  # seconds, for the whole
LOOK_AGAIN = 0.02  # seconds, where nothing tells of an end
CALM = 20  # looks
PATIENCE = 5.0  # seconds; some cannot be killed, such as one that waits for a dead disk


class Outcome(Enum):
    GOES_ON = "goes on"
    NOBODY_IS_LEFT = "nobody is left"
    IN_VAIN = "in vain"


class Sweep:
    """One sweep; `next_look` is the monotonic second of the next look."""

    def __init__(self, now: float, frozen: bool) -> None:
        """`frozen`: the kernel itself sees to it that nobody forks."""
        self.number = KILL if frozen else STOP
        self.freeze_until = now + FREEZING
        self.give_up_at = now + PATIENCE
        self.next_look = now
        self.calm = 0
        self.looks = 0

    def looked(self, new: int, running: int, stopped: int, unsettled: int, now: float) -> Outcome:
        """A look has found so many processes, and signalled all that live."""
        self.looks += 1
        if running or stopped:
            self.calm = 0
        else:
            self.calm += 1
            if not unsettled or self.calm >= CALM:
                return Outcome.NOBODY_IS_LEFT
        if now >= self.give_up_at:
            return Outcome.IN_VAIN
        self.plan(new, running, now)
        return Outcome.GOES_ON

    def plan(self, new: int, running: int, now: float) -> None:
        self.next_look = now
        if self.number == STOP:
            if not running or now >= self.freeze_until:
                self.number = KILL
        elif not new:
            self.next_look = now + LOOK_AGAIN

    def hasten(self, now: float) -> None:
        """Somebody has ended."""
        self.next_look = min(self.next_look, now)
