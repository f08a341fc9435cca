"""Children that share a slot: a program, and the relay that may still send what it has said."""

from __future__ import annotations


class Couples:
    """Which relay belongs to which program, by their process numbers.

    A slot is free when both have ended, in whatever order.
    """

    def __init__(self) -> None:
        self.relays: dict[int, int] = {}  # of programs that live
        self.programs: dict[int, int] = {}  # of relays that live
        self.alone: set[int] = set()  # relays whose program has ended

    def join(self, program: int, relay: int) -> None:
        self.relays[program] = relay
        self.programs[relay] = program

    def program_ended(self, program: int) -> int | None:
        """The relay that is left and holds the slot; None where that is free."""
        relay = self.relays.pop(program, None)
        if relay is not None:
            del self.programs[relay]
            self.alone.add(relay)
        return relay

    def relay_ended(self, relay: int) -> bool:
        """Whether that frees a slot: the relay was left alone."""
        program = self.programs.pop(relay, None)
        if program is not None:
            del self.relays[program]
        alone = relay in self.alone
        self.alone.discard(relay)
        return alone
