"""A time that was set for several calls together."""

from __future__ import annotations

import time

LONGEST = 10.0**6  # seconds; more than a socket's timer can hold would fail


def after(patience: float) -> float:
    """The monotonic time at which this many seconds will be over."""
    return time.monotonic() + min(patience, LONGEST)


def left(deadline: float) -> float:
    """The seconds until then; TimeoutError when none are left."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds
