"""Records as the system's log takes them: <PRIORITY>DATE TAG: TEXT. Source: RFC 3164."""

from __future__ import annotations

ALERT, WARNING, INFO = 1, 4, 6  # syslog(3)
USER = 1  # the facility that syslog(3) takes instead of one that is none
FACILITIES = 128

# What a line begins with, and the level that it then has.
LEVELS = {b"alert:": ALERT, b"warning:": WARNING}
PRINTABLE = bytes(byte if 32 <= byte <= 126 else ord("?") for byte in range(256))


def level(line: bytes) -> int:
    """How urgent a line says that it is."""
    for beginning, number in LEVELS.items():
        if line.startswith(beginning):
            return number
    return INFO


def facility(number: int) -> int:
    return number if number < FACILITIES else USER


def record(facility: int, level: int, date: bytes, tag: bytes, text: bytes) -> bytes:
    """One datagram; `date` is local time, as «Nov  3 04:05:06»."""
    return b"<%d>%b %b: %b" % (facility << 3 | level, date, tag, text)


def printable(text: bytes) -> bytes:
    """The text with «?» for all that is not printable ASCII."""
    return text.translate(PRINTABLE)


def stamp(nanoseconds: int) -> bytes:
    """A Unix time as «1700000000.000123»."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return b"%d.%06d" % (seconds, rest // 1000)
