"""A point in time on both clocks, handed to a machine with each event."""

from __future__ import annotations

from typing import NamedTuple

from supervise.formats.tai64 import Tai64n


class Moment(NamedTuple):
    """Intervals are counted in monotonic seconds, labels are TAI64N."""

    monotonic: float
    tai: Tai64n
