"""What a supervise lets others know of its service: the status that svstat reads, and the record
for the supervise that may have to take over. What could not be written is written again."""

from __future__ import annotations

from supervise.drivers import clock
from supervise.drivers.adoption import Record
from supervise.drivers.ownership import Ownership
from supervise.formats.adoption import Memory

PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds until it is written again; doubled each time


class Publication:
    """`deadline` is the monotonic second at which to publish again, or None."""

    def __init__(self, record: Record, directory: Ownership) -> None:
        self.record = record
        self.directory = directory
        self.deadline: float | None = None
        self.pause = PAUSE

    def publish(self, memory: Memory) -> None:
        kept = self.record.keep(memory)
        if self.directory.publish(memory.status) and kept:
            self.deadline, self.pause = None, PAUSE
        elif self.deadline is None or self.is_due():
            # What is to be published meanwhile says nothing of how long it will last.
            self.deadline = clock.now().monotonic + self.pause
            self.pause = min(2 * self.pause, LONGEST_PAUSE)

    def is_due(self) -> bool:
        return self.deadline is not None and clock.now().monotonic >= self.deadline
