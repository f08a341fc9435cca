from __future__ import annotations

import os
import signal
import time

import pytest

from supervise.drivers.rest import Rest
from supervise.unix import descriptors, processes
from supervise.unix.waiting import Waiter


@pytest.fixture
def rest():
    before = descriptors.above_standard()
    yield Rest(Waiter())
    assert descriptors.above_standard() == before


def test_each_is_watched_once_until_it_ends(rest):
    pids = [processes.fork(lambda: signal.pause() or 0) for _ in range(2)]
    rest.watch(pids)
    rest.watch(pids)
    assert sorted(rest.pids.values()) == sorted(pids)
    assert not rest.ended(rest.waiter.wait(time.monotonic()))
    os.kill(pids[0], signal.SIGKILL)
    ready = rest.waiter.wait(None)
    assert rest.ended(ready | {0})
    assert list(rest.pids.values()) == pids[1:]
    os.kill(pids[1], signal.SIGKILL)
    assert rest.ended(rest.waiter.wait(None))
    for pid in pids:
        os.waitpid(pid, 0)


def test_one_that_has_just_ended_is_noticed_too(rest):
    rest.watch([2**22 + 1])
    assert rest.ended(rest.waiter.wait(None))
    assert rest.pids == {}


def test_nobody_is_watched_once_they_are_forgotten(rest):
    rest.watch([os.getpid(), os.getppid()])
    rest.forget()
    assert rest.pids == {}
