"""A sweep of a service that is played by forks of this process, in one made for it. Whole services
are swept in test_supervisor and tests/system/test_no_survivor.py."""

from __future__ import annotations

import errno
import os
import signal
import time

import pytest

from supervise import errors
from supervise.drivers import servicecgroup
from supervise.drivers.sweeper import SHOWN, Sweeper, some
from supervise.machines import sweep
from supervise.unix import linux, processes
from supervise.unix.waiting import Waiter
from tests.support.forks import in_a_fork


@pytest.fixture(autouse=True)
def service(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "supervise").mkdir()
    monkeypatch.setattr(servicecgroup.cgroups, "own", lambda: None)
    return tmp_path


def left_behind() -> int:
    """A process in a session of its own, deaf to TERM."""

    def wait() -> int:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.write(ready, b"x")
        while True:
            signal.pause()

    told, ready = os.pipe()
    pid = processes.fork(wait)
    os.read(told, 1)
    os.close(told)
    os.close(ready)
    return pid


def swept(sweeper: Sweeper) -> int:
    """Sweep until it is over; returns how many turns that took."""
    sweeper.begin(None)
    turns = 0
    while True:
        turns += 1
        over = sweeper.turn(sweeper.watch.waiter.wait(sweeper.deadline))
        processes.reap()
        if over:
            return turns


def test_all_are_gone_when_it_is_over():
    def run() -> tuple[int, float | None, int]:
        linux.become_subreaper()
        waiter = Waiter()
        sweeper = Sweeper("sv", waiter)
        sweeper.descendants.had_children = False
        pids = [left_behind() for _ in range(3)]
        swept(sweeper)
        return sum(map(processes.is_child, pids)), sweeper.deadline, len(waiter.selector.get_map())

    assert in_a_fork(run) == (0, None, 0)


def test_it_looks_only_when_it_is_time(service):
    sweeper = Sweeper("sv", Waiter())
    assert (sweeper.deadline, sweeper.turn(set())) == (None, False)
    sweeper.begin(None)
    first = sweeper.sweep
    sweeper.begin(None)
    assert sweeper.sweep is first, "the one under way goes on"
    sweeper.sweep.next_look = time.monotonic() + 10000
    assert not sweeper.turn(set())
    assert sweeper.sweep.looks == 0


def test_who_cannot_be_killed_is_told(capfd):
    def run() -> bool:
        sweep.PATIENCE = 0.0
        sweeper = Sweeper("sv", Waiter())
        sweeper.descendants.had_children = False
        sweeper.descendants.signal = lambda *_: True
        pid = left_behind()
        swept(sweeper)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        print(pid, flush=True)
        return True

    assert in_a_fork(run)
    told = capfd.readouterr()
    assert told.err == f"supervise: warning: unable to kill 1 process of sv: {told.out}"


def test_a_directory_that_cannot_be_looked_at_is_told(monkeypatch):
    def fail(path):
        raise OSError(errno.EIO, "made up")

    monkeypatch.setattr(os, "stat", fail)
    with pytest.raises(errors.Failure, match=r"^unable to stat sv: input/output error$"):
        Sweeper("sv", Waiter())


def test_only_some_are_named():
    assert some({3, 1, 2}) == "1 2 3"
    assert some(set(range(SHOWN + 1))) == "0 1 2 3 4 5 6 7 ..."
