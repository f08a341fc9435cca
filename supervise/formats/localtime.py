"""Labels as tai64nlocal reads them, and the times that it writes instead.

A label is «@» and any number of hex digits, small letters only, as one number: its last 32 bits
are nanoseconds, the 64 before them TAI seconds, and what is higher is lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from supervise.formats import number, tai64

LONGEST = 1000  # digits of a label; a longer one is text
LABEL = re.compile(rb"^@([0-9a-f]{1,%d})(?![0-9a-f])" % LONGEST, re.MULTILINE)
OPEN = re.compile(rb"@[0-9a-f]{0,%d}\Z" % LONGEST)  # what follows decides about it
NANOSECONDS, LABEL_DIGITS = 8, 24

# Year, month, day, hour, minute, second.
Date = tuple[int, ...]
# The local date of a Unix time; None where that has none.
Local = Callable[[int], Date | None]


def show(date: Date) -> bytes:
    """«1999-08-24 04:04:05»; the year has as many digits as it needs, and before the year 0 it is
    an unsigned long that wraps around, as in the originals."""
    year, *rest = date
    return b"%d-%02d-%02d %02d:%02d:%02d" % (year % number.WORD, *rest)


class Translation:
    """Labels at the beginnings of lines as local times; others stay as they are.

    The originals crash where the year of a label is none. One second of most logs has many lines,
    so the last second is remembered.
    """

    def __init__(self, local: Local) -> None:
        self.local = local
        self.last = b""  # hex digits
        self.shown: bytes | None = None

    def of(self, lines: bytes) -> bytes:
        """The text, which begins at the beginning of a line, with its labels replaced."""
        return LABEL.sub(self.replace, lines)

    def replace(self, label: re.Match[bytes]) -> bytes:
        digits = label[1]
        seconds = digits[-LABEL_DIGITS:-NANOSECONDS]
        if seconds != self.last:
            self.last, self.shown = seconds, self.date(seconds)
        if self.shown is None:
            return label[0]
        return b"%s.%09d" % (self.shown, int(digits[-NANOSECONDS:], 16))

    def date(self, seconds: bytes) -> bytes | None:
        if not seconds:
            return None
        date = self.local(int(seconds, 16) - tai64.EPOCH)
        return None if date is None else show(date)
