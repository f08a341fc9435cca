"""How soon a process that could run does run. Source: sched(7)."""

from __future__ import annotations

import os


def hurry() -> bool:
    """Go before all that is no real-time process; what we start does not. Whether we may."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except OSError:
        return False
    return True


def as_ever() -> None:
    """Wait for our turn like everybody."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
