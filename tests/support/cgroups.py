"""Control groups of version 2, where a test can make some."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from supervise.unix import cgroups

NEEDS = "needs a cgroup2 to make groups in"


def available() -> bool:
    above = cgroups.own()
    if above is None:
        return False
    path = f"{above}/test-{os.getpid()}-{time.monotonic_ns()}"
    try:
        cgroups.make(path)
        cgroups.remove(path)
    except OSError:
        return False
    return True


needed = pytest.mark.skipif(not available(), reason=NEEDS)


@contextmanager
def fresh() -> Iterator[str]:
    """A group of the test's own; nobody may be left there."""
    path = f"{cgroups.own()}/test-{os.getpid()}-{time.monotonic_ns()}"
    yield path
    if os.path.isdir(path):
        cgroups.remove(path)


def of_services() -> list[str]:
    """The groups of services that are there now."""
    above = cgroups.own()
    names = os.listdir(above) if above is not None else []
    return sorted(name for name in names if name.startswith("supervise-"))
