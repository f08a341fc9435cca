"""Whether a descriptor number is in use."""

from __future__ import annotations

import fcntl


def is_open(descriptor: int) -> bool:
    try:
        fcntl.fcntl(descriptor, fcntl.F_GETFD)
    except OSError:
        return False
    return True
