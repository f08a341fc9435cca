"""Whether a new version of svscan takes the place of the one that runs.

Asked to, svscan first has the new one rehearse: come up from the very state that it would be given,
in a process of its own. Only what has said in time that it understands gets the place; of anything
else the reason is told, and the old one goes on, which it has done meanwhile too.
"""

from __future__ import annotations

from dataclasses import dataclass

# Seconds for a rehearsal, which takes less than one; nobody waits for it, but whoever has asked.
LIMIT = 30.0
LONGEST_REASON = 200  # characters


@dataclass(frozen=True)
class Rehearse:
    """Start a rehearsal; answer with `ended`, or with `failed` where that cannot be."""


@dataclass(frozen=True)
class Abandon:
    """End the rehearsal, and hear it no more."""


@dataclass(frozen=True)
class Execute:
    """Become the new one; answer with `failed` where that cannot be."""


@dataclass(frozen=True)
class GiveUp:
    """The old one goes on, for this reason."""

    reason: str


Effect = Rehearse | Abandon | Execute | GiveUp


class Succession:
    """`deadline` is the monotonic second when `tick` has something to do, or None."""

    def __init__(self) -> None:
        self.deadline: float | None = None

    @property
    def rehearsing(self) -> bool:
        return self.deadline is not None

    def asked(self, now: float) -> list[Effect]:
        """Somebody wants the new version. What is installed may be another one by now than that
        which rehearses."""
        begun = self.stop()
        self.deadline = now + LIMIT
        return [*begun, Rehearse()]

    def stop(self) -> list[Effect]:
        """It is not wanted any more."""
        if not self.rehearsing:
            return []
        self.deadline = None
        return [Abandon()]

    def ended(self, said: bytes, expected: bytes) -> list[Effect]:
        """The rehearsal has ended, having said that much."""
        if last_line(said) == expected:
            self.deadline = None
            return [Execute()]
        return self.failed(reason_in(said))

    def failed(self, reason: str) -> list[Effect]:
        self.deadline = None
        return [GiveUp(reason)]

    def tick(self, now: float) -> list[Effect]:
        """Time has passed."""
        if self.deadline is None or now < self.deadline:
            return []
        return [*self.stop(), GiveUp("timed out")]


def last_line(said: bytes) -> bytes:
    return said.rstrip().rpartition(b"\n")[2]


def reason_in(said: bytes) -> str:
    """Why it has failed: the last line of an interpreter's trace, or of our own messages."""
    line = last_line(said).removeprefix(b"svscan: fatal: ").decode("utf-8", "replace")
    shown = "".join(letter if letter.isprintable() else "?" for letter in line)
    return shown[:LONGEST_REASON] or "no answer"
