"""Entries for the system's log out of a stream that comes in blocks."""

from __future__ import annotations

from typing import NamedTuple

from supervise.formats import syslog

ROOM = 799  # bytes of a line in one entry, as in the original
FIRST, CONTINUED = b" ", b"+"  # between the stamp and the text


class Entry(NamedTuple):
    """What is logged at once: a line, or a part of a long one."""

    level: int
    text: bytes


class Entries:
    """Cuts lines into entries, each with the stamp of its line."""

    def __init__(self) -> None:
        self.begun = b""  # of the line, what is in no entry yet
        self.stamp = b""
        self.mark = FIRST
        self.level = syslog.INFO

    def take(self, block: bytes, stamp: bytes) -> list[Entry]:
        """The entries that can be made now; lines that begin in these bytes get that stamp."""
        entries = []
        first, *others = block.split(b"\n")
        entries += self.go_on(first, stamp)
        for line in others:
            entries += self.end()
            entries += self.go_on(line, stamp)
        return entries

    def go_on(self, text: bytes, stamp: bytes) -> list[Entry]:
        """More of the line. What fits into one entry waits for the line's end."""
        if not self.begun:
            self.stamp = stamp
        self.begun += text
        entries = []
        while len(self.begun) > ROOM:
            entries.append(self.cut())
        return entries

    def end(self) -> list[Entry]:
        """The line ends here; one without any text is no entry."""
        entries = [self.cut()] if self.begun else []
        self.mark = FIRST
        return entries

    def cut(self) -> Entry:
        if self.mark == FIRST:
            self.level = syslog.level(self.begun)
        text, self.begun = self.begun[:ROOM], self.begun[ROOM:]
        entry = Entry(self.level, self.stamp + self.mark + syslog.printable(text))
        self.mark = CONTINUED
        return entry
