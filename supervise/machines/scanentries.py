"""What svscan knows of each service that it has."""

from __future__ import annotations

from dataclasses import dataclass, field

from supervise.machines.scaneffects import Role

# seconds after one that could not take its directory, doubled with each one that follows, up to the
# originals' scan interval
FIRST_TROUBLE_PAUSE, TROUBLE_PAUSE = 1.0, 5.0
MOST_TROUBLES = 16  # that make a difference


@dataclass
class Slot:
    """One supervise that should run."""

    running: bool = False
    orphaned: bool = False  # it was killed, and what it knew and whom it held is to be taken over
    not_before: float = 0.0
    troubles: int = 0  # in a row
    told: bool = False  # to stop: what comes next is to kill
    late_at: float | None = None
    renew_at: float | None = None  # it is of an earlier version

    @property
    def alive(self) -> bool:
        return self.running or self.orphaned

    def trouble(self, now: float) -> None:
        """It could not begin."""
        pause = min(FIRST_TROUBLE_PAUSE * 2**self.troubles, TROUBLE_PAUSE)
        self.troubles = min(self.troubles + 1, MOST_TROUBLES)
        self.not_before = now + pause


@dataclass
class Entry:
    """One service."""

    slots: dict[Role, Slot] = field(default_factory=lambda: {"main": Slot()})
    active: bool = True
    draining: bool = False
    piped: bool = False  # the pipe is made
    joined: bool = False  # and the main supervise writes to it
    owed_at: float | None = None  # when to give again what could not be given, a drain or the pipe

    @property
    def alive(self) -> bool:
        """Whether anything of it runs or may run."""
        return any(slot.alive for slot in self.slots.values())
