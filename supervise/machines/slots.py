"""How many connections may be served at once, and when the next may be accepted.

Trouble in accept or fork (no descriptors, no processes) does not go away by asking again, and the
waiting client keeps the socket readable: so after it there is a pause, which grows while the
trouble lasts, and which the end of a child cuts short, because that child gives back what lacked.
"""

from __future__ import annotations

FIRST_PAUSE = 0.1  # seconds
LONGEST_PAUSE = 10.0
DOUBLINGS = 7


class Slots:
    """The limit, the count, and the pause after trouble; times are monotonic seconds."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.count = 0
        self.troubles = 0  # in a row
        self.resume: float | None = None

    def open(self, now: float) -> bool:
        """Whether a connection may be accepted now."""
        return self.free() and (self.resume is None or now >= self.resume)

    def free(self) -> bool:
        return self.count < self.limit

    @property
    def deadline(self) -> float | None:
        """When to look again although nothing happened."""
        return self.resume if self.free() else None

    def take(self) -> None:
        """A connection was accepted."""
        self.count += 1

    def serve(self) -> None:
        """A child serves it: all is well."""
        self.troubles = 0
        self.resume = None

    def give_back(self) -> None:
        """A child ended, perhaps one that was there before us."""
        self.count = max(0, self.count - 1)
        self.resume = None

    def refuse(self, now: float) -> bool:
        """Nothing could be accepted; answers whether that is news."""
        self.pause(now)
        return self.troubles == 1

    def drop(self, now: float) -> None:
        """A connection was accepted but no child could be made; only a second one is a reason
        to pause."""
        self.give_back()
        if self.troubles:
            self.pause(now)
        else:
            self.troubles = 1

    def pause(self, now: float) -> None:
        self.resume = now + min(FIRST_PAUSE * 2 ** min(self.troubles, DOUBLINGS), LONGEST_PAUSE)
        self.troubles += 1
