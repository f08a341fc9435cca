"""Which supervises run over a scan directory: what svscan does when, without doing it.

A service is known by the identity of its directory (device and inode), so a rename changes
nothing and two names for one directory are one service. It has a main supervise and, where its
directory has a log, a log supervise, joined by a pipe that svscan holds at both ends. Rules:

* a supervise that ends is started again, RESTART_PAUSE after its last start at the earliest;
* a service whose names are all gone keeps running, and is not started again once it ends;
* when the main supervise of such a service, or of any while svscan stops, has ended, our writing
  end is closed and the log supervise is told to drain: to read to the end, then leave;
* while svscan stops, what is late is told to kill its child.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

RESTART_PAUSE = 1.0  # seconds from one start of a supervise to the next
# seconds after one that could not take its directory (the originals' scan interval)
TROUBLE_PAUSE = 5.0
# seconds from TERM to KILL for services, and again for loggers that never see an end
KILL_AFTER = 7.0

TROUBLE = 111 << 8  # the wait status of a supervise that could not begin

Role = Literal["main", "log"]


class Identity(NamedTuple):
    """A directory, whatever its name."""

    device: int
    inode: int


@dataclass(frozen=True)
class MakePipe:
    """Make the pipe from a service to its log."""

    identity: Identity


@dataclass(frozen=True)
class Start:
    """Start a supervise; answer with started or not_started."""

    identity: Identity
    role: Role


@dataclass(frozen=True)
class CloseWriter:
    """Close our writing end of the pipe, so that the logger can see the end."""

    identity: Identity


@dataclass(frozen=True)
class Stop:
    """Tell a supervise to stop its service and leave: TERM, CONT."""

    identity: Identity
    role: Role


@dataclass(frozen=True)
class Drain:
    """Tell a log supervise to let its child read to the end, then leave."""

    identity: Identity


@dataclass(frozen=True)
class Kill:
    """Tell a supervise to kill its child."""

    identity: Identity
    role: Role


@dataclass(frozen=True)
class HandOver:
    """Give the main supervise the pipe of a log that has appeared."""

    identity: Identity


@dataclass(frozen=True)
class Forget:
    """Close what is left of a service and no longer watch its directory."""

    identity: Identity


@dataclass(frozen=True)
class Look:
    """Look at the scan directory again: a name may have come back meanwhile."""


@dataclass(frozen=True)
class Exit:
    """All is stopped."""


Effect = MakePipe | Start | CloseWriter | Stop | Drain | Kill | HandOver | Forget | Look | Exit


@dataclass
class Slot:
    """One supervise that should run."""

    running: bool = False
    not_before: float = 0.0
    told: bool = False  # to stop: what comes next is to kill
    late_at: float | None = None


@dataclass
class Entry:
    """One service."""

    slots: dict[Role, Slot] = field(default_factory=lambda: {"main": Slot()})
    active: bool = True
    draining: bool = False
    piped: bool = False  # the pipe is made
    joined: bool = False  # and the main supervise writes to it

    @property
    def running(self) -> bool:
        return any(slot.running for slot in self.slots.values())


class Scan:
    """All services; `deadline` is the monotonic second when `tick` has something to do, or None."""

    def __init__(self) -> None:
        self.entries: dict[Identity, Entry] = {}
        self.stopping = False

    @property
    def deadline(self) -> float | None:
        moments = [
            self.slot_deadline(entry, slot)
            for entry in self.entries.values()
            for slot in entry.slots.values()
        ]
        return min((moment for moment in moments if moment is not None), default=None)

    def slot_deadline(self, entry: Entry, slot: Slot) -> float | None:
        if slot.running:
            return slot.late_at
        return slot.not_before if self.wanted(entry) else None

    def wanted(self, entry: Entry) -> bool:
        """Whether a supervise of this service that ends is started again."""
        return entry.active and not self.stopping and not entry.draining

    def named(self, identity: Identity, has_log: bool, now: float) -> list[Effect]:
        """A name leads to this directory."""
        if self.stopping:
            return []
        entry = self.entries.setdefault(identity, Entry())
        entry.active = True
        if has_log and not entry.draining:
            entry.slots.setdefault("log", Slot())
        return self.start_due(identity, now)

    def unnamed(self, identity: Identity, now: float) -> list[Effect]:
        """No name leads to this directory any more."""
        if identity not in self.entries:
            return []
        self.entries[identity].active = False
        return self.settle(identity, now)

    def pipe_made(self, identity: Identity) -> None:
        self.entries[identity].piped = True

    def started(self, identity: Identity, role: Role, now: float) -> None:
        entry = self.entries[identity]
        entry.slots[role].running = True
        entry.slots[role].not_before = now + RESTART_PAUSE
        if role == "main":
            entry.joined = entry.piped

    def not_started(self, identity: Identity, role: Role, now: float) -> None:
        """Neither for want of a process, nor for want of a pipe."""
        self.entries[identity].slots[role].not_before = now + TROUBLE_PAUSE

    def exited(self, identity: Identity, role: Role, status: int, now: float) -> list[Effect]:
        """A supervise has ended with this raw wait status."""
        entry = self.entries[identity]
        slot = entry.slots[role]
        slot.running = False
        if status == TROUBLE:
            slot.not_before = now + TROUBLE_PAUSE
        if self.wanted(entry):
            return self.start_due(identity, now)
        return self.settle(identity, now)

    def stop(self, now: float) -> list[Effect]:
        """Stop everything in order; said again it means: do not wait."""
        effects: list[Effect] = []
        if self.stopping:
            for slot in self.ending_slots():
                slot.late_at = now
            return self.tick(now)
        self.stopping = True
        if not self.entries:
            return self.end()
        for identity, entry in list(self.entries.items()):
            if entry.slots["main"].running:
                effects += self.tell(identity, "main", now)
            else:
                effects += self.settle(identity, now)
        for slot in self.ending_slots():
            slot.late_at = now + KILL_AFTER
        return effects

    def ending_slots(self) -> list[Slot]:
        """The supervises that have been told to stop or to drain, and run yet."""
        return [
            slot
            for entry in self.entries.values()
            for slot in entry.slots.values()
            if slot.running and (slot.told or entry.draining)
        ]

    def tell(self, identity: Identity, role: Role, now: float) -> list[Effect]:
        """To stop, the first time; to kill, when that did not help."""
        slot = self.entries[identity].slots[role]
        slot.late_at = now + KILL_AFTER
        if slot.told:
            return [Kill(identity, role)]
        slot.told = True
        return [Stop(identity, role)]

    def tick(self, now: float) -> list[Effect]:
        """Time has passed."""
        effects: list[Effect] = []
        for identity, entry in list(self.entries.items()):
            if self.wanted(entry):
                effects += self.start_due(identity, now)
            for role, slot in entry.slots.items():
                if slot.running and slot.late_at is not None and now >= slot.late_at:
                    effects += self.tell(identity, role, now)
        return effects

    def start_due(self, identity: Identity, now: float) -> list[Effect]:
        entry = self.entries[identity]
        slots = entry.slots.items()
        due = [role for role, slot in slots if not slot.running and now >= slot.not_before]
        if not due or not self.wanted(entry):
            return []
        effects: list[Effect] = [Start(identity, role) for role in due]
        if "log" in entry.slots and not entry.piped:
            effects.insert(0, MakePipe(identity))
        if "log" in due and entry.slots["main"].running and not entry.joined:
            effects.append(HandOver(identity))
        return effects

    def handed_over(self, identity: Identity) -> None:
        """The main supervise writes to the pipe from its next start on."""
        self.entries[identity].joined = True

    def settle(self, identity: Identity, now: float) -> list[Effect]:
        """Bring a service that is not wanted any more one step nearer to its end."""
        entry = self.entries[identity]
        if not entry.running:
            del self.entries[identity]
            again: list[Effect] = [Look()] if entry.active and not self.stopping else []
            return [Forget(identity), *again, *self.end()]
        if entry.slots["main"].running or entry.draining:
            return []
        entry.draining = True
        if self.stopping:
            entry.slots["log"].late_at = now + KILL_AFTER
        # Told first, so that a logger that sees the end is not started again.
        return [Drain(identity), CloseWriter(identity)]

    def end(self) -> list[Effect]:
        return [Exit()] if self.stopping and not self.entries else []
