"""Old log files: what they are called, and which must go."""

from __future__ import annotations

from collections.abc import Iterable

from supervise.formats import tai64
from supervise.formats.tai64 import Tai64n

TICK = 1000  # nanoseconds: labels hold microseconds
RESERVED = 2**63  # seconds from here on are no TAI64 time (cr.yp.to/libtai/tai64.html)


class Labels:
    """Labels that grow from each to the next, though the clock may stand still or go back; also
    from those that are there already, lest a clock that is behind make the newest log the first
    to go."""

    def __init__(self, names: Iterable[bytes] = ()) -> None:
        self.last = max(filter(None, map(moment, names)), default=None)

    def next(self, now: Tai64n) -> Tai64n:
        if self.last is not None:
            now = max(now, tai64.from_unix(tai64.to_unix(self.last) + TICK))
        self.last = now
        return now


def moment(name: bytes) -> Tai64n | None:
    """The moment that an old log is named by; None where it is none that a clock can show."""
    try:
        label = tai64.parse(name[: tai64.LABEL_SIZE])
    except ValueError:
        return None
    return label if label.seconds < RESERVED else None


def old(names: Iterable[bytes]) -> list[bytes]:
    """The names that count as old logs. Any that begins with «@» and is as long as a label does:
    the originals look no closer."""
    return [name for name in names if name.startswith(b"@") and len(name) >= tai64.LABEL_SIZE]


def surplus(names: Iterable[bytes], number: int) -> list[bytes]:
    """The oldest of these names, which must go so that fewer than `number` old logs remain.

    Of two with one label the first listed goes first.
    """
    logs = old(names)
    logs.sort(key=lambda name: name[: tai64.LABEL_SIZE])
    return logs[: max(0, len(logs) - number + 1)]
