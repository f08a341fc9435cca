"""How svscan becomes its next version: the machine joined to the one that is to come."""

from __future__ import annotations

from collections.abc import Callable

from supervise import errors
from supervise.drivers import clock
from supervise.drivers.successor import Successor
from supervise.formats.handover import Record
from supervise.machines import succession
from supervise.unix import signals
from supervise.unix.waiting import Waiter


class Succession:
    """Asked for, one turn of svscan's loop after the other brings it further.

    `collect` tells what is to be handed over, and `report` who waits why nothing came of it. While
    signals other than those in `harmless` have come unheard, nothing is exec'ed.
    """

    def __init__(
        self,
        program: str,
        successor: Successor,
        waiter: Waiter,
        collect: Callable[[], list[Record]],
        report: Callable[[str], None],
        harmless: set[int],
    ) -> None:
        self.program = program
        self.successor = successor
        self.waiter = waiter
        self.collect = collect
        self.report = report
        self.harmless = harmless
        self.machine = succession.Succession()

    @property
    def deadline(self) -> float | None:
        return self.machine.deadline

    @property
    def wanted(self) -> bool:
        return self.machine.rehearsing

    def ask(self) -> None:
        self.perform(self.machine.asked(clock.now().monotonic))

    def stop(self) -> None:
        self.perform(self.machine.stop())

    def turn(self, ready: set[int]) -> None:
        """Something may have come, or time may be over."""
        if self.successor.answer in ready and self.successor.hear():
            self.close()
            self.perform(self.machine.ended(self.successor.said, self.successor.expected))
        self.perform(self.machine.tick(clock.now().monotonic))

    def perform(self, effects: list[succession.Effect]) -> None:
        for effect in effects:
            match effect:
                case succession.Rehearse():
                    self.attempt(self.rehearse)
                case succession.Abandon():
                    self.close()
                case succession.Execute():
                    self.attempt(self.become)
                case succession.GiveUp(reason):
                    what = "unable to re-execute, going on as before"
                    errors.warn(self.program, f"{what}: {reason}")
                    self.report(reason)

    def attempt(self, step: Callable[[], None]) -> None:
        try:
            step()
        except OSError as error:
            self.perform(self.machine.failed(errors.reason(error)))

    def rehearse(self) -> None:
        self.successor.rehearse(self.collect())
        assert self.successor.answer is not None
        self.waiter.add(self.successor.answer)

    def close(self) -> None:
        if self.successor.answer is not None:
            self.waiter.remove(self.successor.answer)
            self.successor.close()

    def become(self) -> None:
        held = signals.hold()
        try:
            if signals.caught <= self.harmless:
                self.successor.become(self.collect())
        finally:
            signals.hold_only(held)
