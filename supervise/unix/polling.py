"""Wait until one descriptor can be read or written, but not for ever."""

from __future__ import annotations

import select
import time

LONGEST = 2**31 - 1  # milliseconds that poll(2) can wait; 24 days


def readable(descriptor: int, until: float) -> bool:
    """Whether there is something to read, an end included, before the monotonic deadline."""
    return wait(descriptor, select.POLLIN, until)


def writable(descriptor: int, until: float) -> bool:
    """Whether something can be written, were it only an error to be got, before the monotonic
    deadline."""
    return wait(descriptor, select.POLLOUT, until)


def wait(descriptor: int, events: int, until: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, events)
    return bool(poll.poll(milliseconds(until)))


def milliseconds(until: float) -> int:
    """What poll is to wait for a monotonic deadline, not ending before it."""
    exact = max(0.0, until - time.monotonic()) * 1000
    return min(int(-(-exact // 1)), LONGEST)  # rounded up, without the import of `math`
