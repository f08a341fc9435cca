"""Which supervises run over a scan directory: what svscan does when, without doing it.

A service is known by the identity of its directory (device and inode), so a rename changes
nothing and two names for one directory are one service. It has a main supervise and, where its
directory has a log, a log supervise, joined by a pipe that svscan holds at both ends. Rules:

* a supervise that ends is started again, RESTART_PAUSE after its last start at the earliest;
* so is one that was killed and leaves a child, whatever else is wanted: somebody must hold it;
* a service whose names are all gone keeps running, and is not started again once it ends;
* when the main supervise of such a service, or of any while svscan stops, has ended, our writing
  end is closed and the log supervise is told to drain: to read to the end, then leave;
* while svscan stops, what is late is told to kill its child;
* an order that cannot be given is given again, RETRY_PAUSE later;
* a supervise of an earlier version makes way for one of ours, unless it is not to be started again.
"""

from __future__ import annotations

from supervise.machines.scaneffects import (
    CloseWriter,
    Drain,
    Effect,
    Exit,
    Forget,
    HandOver,
    Identity,
    Kill,
    Look,
    MakePipe,
    Renew,
    Role,
    Start,
    Stop,
)
from supervise.machines.scanentries import Entry, Slot

RESTART_PAUSE = 1.0  # seconds from one start of a supervise to the next
# seconds from TERM to KILL for services, and again for loggers that never see an end
KILL_AFTER = 7.0

# seconds from one supervise to the next that makes way for a new version, so that there is time for
# all else
RENEWAL_GAP = 0.02

RETRY_PAUSE = 1.0  # seconds from an order that could not be given until it is given again

TROUBLE = 111 << 8  # the wait status of a supervise that could not begin


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
        moments += [entry.owed_at for entry in self.entries.values()]
        return min((moment for moment in moments if moment is not None), default=None)

    def slot_deadline(self, entry: Entry, slot: Slot) -> float | None:
        if slot.running:
            renew_at = slot.renew_at if self.wanted(entry, slot) else None
            moments = (slot.late_at, renew_at)
            return min((moment for moment in moments if moment is not None), default=None)
        return slot.not_before if self.wanted(entry, slot) else None

    def wanted(self, entry: Entry, slot: Slot) -> bool:
        """Whether a supervise of this service that ends is started again."""
        return slot.orphaned or (entry.active and not self.stopping and not entry.draining)

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

    def unreachable(self, identity: Identity, role: Role, now: float) -> list[Effect]:
        """A supervise cannot be started for want of a name: what was left there stays as it is."""
        if identity in self.entries:
            self.entries[identity].slots[role].orphaned = False
        return self.unnamed(identity, now)

    def pipe_made(self, identity: Identity) -> None:
        self.entries[identity].piped = True

    def started(self, identity: Identity, role: Role, now: float) -> list[Effect]:
        entry = self.entries[identity]
        slot = entry.slots[role]
        slot.running = True
        slot.not_before = now + RESTART_PAUSE
        if role == "main":
            entry.joined = entry.piped
        if not slot.orphaned:
            return []
        slot.orphaned = False
        return self.tell_again(identity, role, now)

    def tell_again(self, identity: Identity, role: Role, now: float) -> list[Effect]:
        """What the supervise that was killed had been told."""
        slot = self.entries[identity].slots[role]
        slot.told = False
        if role == "main":
            return self.tell(identity, role, now) if self.stopping else []
        if self.stopping and self.entries[identity].draining:
            slot.late_at = now + KILL_AFTER
        return [Drain(identity)] if self.entries[identity].draining else []

    def not_started(self, identity: Identity, role: Role, now: float) -> None:
        """Neither for want of a process, nor for want of a pipe."""
        self.entries[identity].slots[role].trouble(now)

    def exited(
        self, identity: Identity, role: Role, status: int, now: float, orphaned: bool = False
    ) -> list[Effect]:
        """A supervise has ended with this raw wait status; `orphaned`: it was killed, and leaves a
        child that somebody must take over."""
        entry = self.entries[identity]
        slot = entry.slots[role]
        slot.running = False
        slot.renew_at = None
        slot.orphaned = orphaned
        if status == TROUBLE:
            slot.trouble(now)
        else:
            slot.troubles = 0
        if self.wanted(entry, slot):
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
            elif not entry.slots["main"].orphaned:
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
            effects += self.start_due(identity, now)
            effects += self.owed(identity, now)
            for role, slot in entry.slots.items():
                if slot.running and slot.late_at is not None and now >= slot.late_at:
                    effects += self.tell(identity, role, now)
                if slot.running and slot.renew_at is not None and now >= slot.renew_at:
                    slot.renew_at = None
                    effects += [Renew(identity, role)] if self.wanted(entry, slot) else []
        return effects

    def renew(self, now: float) -> None:
        """All who run are of an earlier version. One that was started a moment ago keeps its time,
        so that the next is started as soon as it is gone."""
        running = [
            slot for entry in self.entries.values() for slot in entry.slots.values() if slot.running
        ]
        for number, slot in enumerate(running):
            slot.renew_at = max(now + number * RENEWAL_GAP, slot.not_before)

    def start_due(self, identity: Identity, now: float) -> list[Effect]:
        entry = self.entries[identity]
        due: list[Role] = [
            role
            for role, slot in entry.slots.items()
            if not slot.running and now >= slot.not_before and self.wanted(entry, slot)
        ]
        if not due:
            return []
        effects: list[Effect] = [Start(identity, role) for role in due]
        if "log" in entry.slots and not entry.piped:
            effects.insert(0, MakePipe(identity))
        wanting = entry.slots["main"].running and not entry.joined
        if "log" in due and wanting and entry.owed_at is None:
            effects.append(HandOver(identity))
        return effects

    def not_stopped(self, identity: Identity, role: Role, now: float) -> None:
        """A supervise could not be told to stop."""
        slot = self.entries[identity].slots[role]
        slot.told = False
        slot.late_at = now + RETRY_PAUSE

    def not_given(self, identity: Identity, now: float) -> None:
        """A logger could not be told to drain, or a main supervise not be given the pipe."""
        self.entries[identity].owed_at = now + RETRY_PAUSE

    def owed(self, identity: Identity, now: float) -> list[Effect]:
        """What could not be given, if it is still wanted."""
        entry = self.entries[identity]
        if entry.owed_at is None or now < entry.owed_at:
            return []
        entry.owed_at = None
        if entry.draining:
            return [Drain(identity)] if entry.slots["log"].running else []
        main = entry.slots["main"]
        return [HandOver(identity)] if main.running and not entry.joined else []

    def handed_over(self, identity: Identity) -> None:
        """The main supervise writes to the pipe from its next start on."""
        self.entries[identity].joined = True

    def settle(self, identity: Identity, now: float) -> list[Effect]:
        """Bring a service that is not wanted any more one step nearer to its end."""
        entry = self.entries[identity]
        if not entry.alive:
            del self.entries[identity]
            again: list[Effect] = [Look()] if entry.active and not self.stopping else []
            return [Forget(identity), *again, *self.end()]
        if entry.slots["main"].alive or entry.draining:
            return []
        entry.draining = True
        entry.owed_at = None
        if self.stopping:
            entry.slots["log"].late_at = now + KILL_AFTER
        # Told first, so that a logger that sees the end is not started again; one that is orphaned
        # is told as soon as it has a supervise.
        drain: list[Effect] = [Drain(identity)] if entry.slots["log"].running else []
        return [*drain, CloseWriter(identity)]

    def end(self) -> list[Effect]:
        return [Exit()] if self.stopping and not self.entries else []
