"""The two clocks."""

from __future__ import annotations

import time

from supervise.formats import tai64
from supervise.machines.moment import Moment


def now() -> Moment:
    return Moment(time.monotonic(), tai64.from_unix(time.time_ns()))
