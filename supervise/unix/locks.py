"""flock(2), which the originals use; POSIX record locks (lockf) would not see theirs."""

from __future__ import annotations

import fcntl


def exclusive(descriptor: int, wait: bool) -> None:
    """Lock the open file for us alone; held until the last copy of the descriptor is closed."""
    fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
