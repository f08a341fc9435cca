"""Mostly tested by test_scanner, over which it was first written; here what only it does."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from supervise.drivers.abandoned import AdoptedSupervise
from supervise.drivers.child import Orphan
from supervise.drivers.superviseprocess import SuperviseProcess
from supervise.drivers.supervises import End, Supervises, groups_in
from supervise.drivers.supervisor import ENDED, GROUP, RENEW, WAIT_STATUS, supervise
from supervise.machines.scaneffects import Identity
from supervise.machines.service import STOP_ORDER
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


def test_how_a_child_ended_is_no_letters_for_one_that_was_taken_over(sv, held, monkeypatch):
    """111 in a raw wait status is «o»."""
    told = []
    monkeypatch.setattr(held, "order", lambda owner, letters: told.append(letters))
    for kind in (AdoptedSupervise, SuperviseProcess):
        held.running[OWNER] = kind.__new__(kind)
        held.orphans.owners[7] = OWNER
        held.tell_of({7: 111 << 8})
    assert told == [ENDED + WAIT_STATUS.pack(111 << 8)]
    held.running.clear()


def test_one_makes_way_and_is_there_all_the_while(sv, held):
    """What is told meanwhile is heard by the next one; nobody sees the one gone."""
    held.start(OWNER, "sv")
    pid = ran(sv)
    first = held.running[OWNER].child_pid
    trees.kill(first, signal.SIGSTOP)  # an order lets it go on
    held.renew(OWNER, "sv")
    assert collected(held) == [End(OWNER, signal.SIGKILL, True)]
    assert trees.is_supervised(sv)
    trees.control(sv, b"p")
    held.start(OWNER, "sv")
    assert (held.held, trees.is_supervised(sv)) == ({}, True)
    eventually(lambda: trees.read(sv).paused)
    assert trees.read(sv).pid == pid
    second = held.running[OWNER].child_pid
    fifos = [path for path in trees.descriptors(second).values() if path.endswith("/ok")]
    assert len(fifos) == 1, "what was held for it is closed"
    held.order(OWNER, b"cdx")
    assert collected(held) == [End(OWNER, 0, False)]
    assert not trees.is_supervised(sv)


def test_how_a_child_ends_whose_supervise_makes_way(sv, held):
    """The status is kept for the next one, which else would know of an end only."""
    held.start(OWNER, "sv")
    ran(sv)
    os.kill(held.running[OWNER].child_pid, signal.SIGKILL)
    assert collected(held) == [End(OWNER, signal.SIGKILL, True)]
    held.start(OWNER, "sv")
    eventually(lambda: trees.is_supervised(sv))
    pid = trees.read(sv).pid
    assert pid is not None
    held.held[OWNER] = os.pipe()
    os.kill(pid, signal.SIGTERM)
    eventually(lambda: held.reap() == [] and held.untold)
    assert held.untold == {pid: signal.SIGTERM}
    held.order(OWNER, RENEW)
    assert collected(held) == [End(OWNER, signal.SIGKILL, True)]
    assert held.orphans.left[OWNER] == Orphan(pid, None, False, signal.SIGTERM)
    assert held.untold == {}
    held.start(OWNER, "sv")
    trees.started(sv, other_than=pid)
    held.order(OWNER, b"dx")
    assert collected(held) == [End(OWNER, 0, False)]


def leave_one_in_the_group() -> int:
    def stay() -> int:
        Path("rest").write_text(str(os.getpid()))
        return sleep()

    if not Path("rest").exists():
        processes.fork(stay)
        return 0
    return sleep()


def test_what_earlier_children_have_left_is_known_to_the_next_one(sv):
    def run(path: str, orders: int, orphan: object) -> int:
        return supervise(path, leave_one_in_the_group, orders, orphan)  # type: ignore[arg-type]

    held = Supervises(run, lambda owner: "sv", None)
    held.start(OWNER, "sv")
    eventually((sv / "rest").exists)
    rest = int(eventually((sv / "rest").read_text))
    eventually(lambda: os.getpgid(rest) != trees.started(sv))
    held.renew(OWNER, "sv")
    assert collected(held) == [End(OWNER, signal.SIGKILL, True)]
    assert held.orphans.left[OWNER].groups == (os.getpgid(rest),)
    held.start(OWNER, "sv")
    eventually(lambda: trees.is_supervised(sv))
    assert not trees.ended(rest)
    held.order(OWNER, STOP_ORDER)
    assert collected(held) == [End(OWNER, 0, False)]
    assert trees.ended(rest)


def test_one_without_fifos_is_not_renewed(sv, held, capfd):
    held.start(OWNER, "sv")
    pid = ran(sv)
    before = descriptors.above_standard()
    (sv / "supervise/control").rename(sv / "supervise/away")
    held.renew(OWNER, "sv")
    said = "svscan: warning: unable to renew supervise sv: file does not exist\n"
    assert capfd.readouterr().err == said
    assert (held.held, descriptors.above_standard()) == ({}, before)
    (sv / "supervise/away").rename(sv / "supervise/control")
    assert trees.read(sv).pid == pid
    held.order(OWNER, b"dx")
    assert collected(held) == [End(OWNER, 0, False)]


@pytest.mark.parametrize("word", [b"", b"\x07", b"abc", b"\0\0\0\0", b"\1\0\0\0", b"\xff" * 4])
def test_a_last_word_that_names_nobody(word):
    assert groups_in(word) == ()


def test_a_last_word_names_groups():
    assert groups_in(GROUP.pack(4711) + GROUP.pack(12)) == (4711, 12)
