"""Mostly tested by test_scanner, over which it was first written; here what only it does."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from supervise.drivers.supervises import End, Supervises
from supervise.drivers.supervisor import supervise
from supervise.machines.scaneffects import Identity
from supervise.unix import channels, descriptors, processes
from tests.support import trees
from tests.support.patience import eventually

OWNER = Identity(1, 2), "main"


@pytest.fixture
def sv(tmp_path: Path, monkeypatch) -> Path:
    (tmp_path / "sv").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "sv"


def sleep() -> int:
    Path(f"ran-{os.getpid()}").touch()
    signal.pause()
    return 0


def run(path: str, orders: int, orphan: object) -> int:
    return supervise(path, sleep, orders, orphan)  # type: ignore[arg-type]


@pytest.fixture
def held(sv):
    held = Supervises(run, lambda owner: "sv", None)
    yield held
    assert descriptors.above_standard(), "the test closes what it opens"


def ran(sv: Path) -> int:
    pid = trees.started(sv)
    eventually((sv / f"ran-{pid}").exists)
    return pid


def collected(held: Supervises) -> list[End]:
    """The next end that is not only a stray's."""
    return eventually(held.reap)


def test_a_killed_one_leaves_what_the_next_one_takes(sv, held):
    held.start(OWNER, "sv")
    pid = ran(sv)
    os.kill(held.running[OWNER].child_pid, signal.SIGKILL)
    assert collected(held) == [End(OWNER, signal.SIGKILL, True)]
    held.start(OWNER, "sv")
    eventually(lambda: trees.is_supervised(sv))
    assert trees.read(sv).pid == pid
    held.order(OWNER, b"dx")
    assert collected(held) == [End(OWNER, 0, False)], "it was told that its child had ended"
    assert held.orphans.owners == {}


def test_one_whose_svscan_is_gone_is_taken_as_it_is(sv, held):
    ours, theirs = channels.pair()

    def other() -> int:
        os.close(ours)
        return supervise("sv", sleep, theirs)

    old = processes.fork(other)
    os.close(theirs)
    pid = ran(sv)
    held.start(OWNER, "sv")
    assert held.adopted == {}, "its svscan is there"
    assert collected(held) == [End(OWNER, 111 << 8, False)]
    os.close(ours)

    def taken() -> bool:
        held.start(OWNER, "sv")
        if held.adopted:
            return True
        collected(held)
        return False

    eventually(taken)
    (pidfd,) = held.adopted
    assert trees.read(sv).pid == pid
    os.kill(old, signal.SIGKILL)
    os.waitpid(old, 0)
    assert held.adopted_ended(pidfd) == End(OWNER, signal.SIGKILL, True)
    held.start(OWNER, "sv")
    held.order(OWNER, b"dx")
    assert collected(held) == [End(OWNER, 0, False)]
