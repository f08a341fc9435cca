"""Resource limits of this process and of what it starts."""

from __future__ import annotations

import resource

Limit = tuple[int, int]


def raise_open_files() -> Limit:
    """Allow ourselves all open files that we may have; returns the limit as it was."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    set_open_files((before[1], before[1]))
    return before


def set_open_files(limit: Limit) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, limit)
