"""Who is of a service, and who is not; the test is its supervise."""

from __future__ import annotations

import os
import signal

import pytest

from supervise.drivers import descendants
from supervise.drivers.descendants import VARIABLE, Descendants, Found, birth
from supervise.unix import processes, proctable
from tests.support import trees
from tests.support.patience import eventually


def sleep() -> int:
    signal.pause()
    return 0


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def strike(ours: Descendants, number: int = signal.SIGSTOP) -> Found:
    found = Found()
    for _ in ours.strike(number, found):
        pass
    return found


def begun() -> Descendants:
    ours = Descendants()
    ours.begin(None)
    return ours


def kill(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def far_away(here, tell: str = "pid") -> int:
    """Have a process started whose parent and whose session are others, and which is orphaned;
    its pid."""

    def main() -> int:
        (here / f"{tell}.new").write_text(str(os.getpid()))
        os.rename(here / f"{tell}.new", here / tell)
        return sleep()

    def session() -> int:
        os.setsid()
        processes.fork(main)
        return 0

    os.waitpid(processes.fork(session), 0)
    return int(eventually(lambda: (here / tell).exists() and (here / tell).read_text()))


def stopped(pid: int) -> bool:
    return trees.processes.state(pid) == "T"


def test_however_far_it_has_gone_it_is_found(here):
    ours = begun()
    child, orphan = processes.fork(sleep), far_away(here)
    found = strike(ours)
    assert (found.new, found.running, found.stopped) == (2, {child, orphan}, set())
    eventually(lambda: stopped(child) and stopped(orphan))
    found = strike(ours)
    assert (found.new, found.running, found.stopped) == (0, set(), {child, orphan})
    assert found.living == {child, orphan}
    strike(ours, signal.SIGKILL)
    assert [os.waitpid(pid, 0)[1] for pid in (child, orphan)] == [signal.SIGKILL] * 2
    assert strike(ours).living == set()


def test_those_below_others_are_found_too(here):
    def parent() -> int:
        os.setsid()
        (here / "grandchild").write_text(str(processes.fork(sleep)))
        return sleep()

    ours = begun()
    child = processes.fork(parent)
    eventually(lambda: (here / "grandchild").exists() and (here / "grandchild").read_text())
    grandchild = int((here / "grandchild").read_text())
    eventually(lambda: strike(ours).living == {child, grandchild})
    strike(ours, signal.SIGKILL)
    os.waitpid(child, 0)
    os.waitpid(grandchild, 0)


def test_a_group_of_theirs_is_signalled_as_one(here, monkeypatch):
    """Who is forked while we look cannot be missed there."""
    ours = begun()
    orphan = far_away(here)
    groups = []
    monkeypatch.setattr(processes, "send_to_group", lambda *both: groups.append(both))
    strike(ours)
    assert groups == [(os.getpgid(orphan), signal.SIGSTOP)]
    kill(orphan)


def test_our_own_group_is_not_signalled_as_one(monkeypatch):
    """A child that has not made its session yet is in that."""
    ours = begun()
    child = processes.fork(sleep)
    groups = []
    monkeypatch.setattr(processes, "send_to_group", lambda *both: groups.append(both))
    strike(ours)
    assert groups == []
    eventually(lambda: stopped(child))
    kill(child)


def test_whoever_has_ended_and_is_not_collected_is_told(here):
    ours = begun()
    child = processes.fork(lambda: 0)
    eventually(lambda: trees.ended(child))
    found = strike(ours)
    assert found.living == set()
    assert found.unsettled >= 1
    os.waitpid(child, 0)


def test_where_there_were_children_before_only_who_is_marked_is_taken(here, background):
    stranger = processes.fork(sleep)
    ours = begun()
    assert strike(ours).living == set()
    marked = background.start(["/bin/sleep", "1000"], env={VARIABLE: ours.mark})
    eventually(lambda: proctable.environment(marked.pid) != [])
    child = processes.fork(sleep)
    ours.begin(birth(child))
    assert strike(ours, signal.SIGKILL).living == {marked.pid, child}
    os.waitpid(child, 0)
    assert trees.processes.state(stranger) == "S"
    kill(stranger)


def test_a_number_that_is_somebody_elses_now_is_not_ours():
    stranger = processes.fork(sleep)
    ours = begun()
    _, start_time = birth(stranger)
    ours.begin((stranger, start_time + 1))
    assert strike(ours).living == set()
    kill(stranger)


def test_nor_are_its_children(here):
    def parent() -> int:
        (here / "grandchild").write_text(str(processes.fork(sleep)))
        return sleep()

    stranger = processes.fork(parent)
    eventually(lambda: (here / "grandchild").exists() and (here / "grandchild").read_text())
    ours = begun()
    ours.begin((stranger, birth(stranger)[1] + 1))
    assert strike(ours).living == set()
    grandchild = int((here / "grandchild").read_text())
    kill(stranger)
    kill(grandchild)


def test_one_that_becomes_another_before_it_is_signalled_is_not_signalled(monkeypatch):
    """Its number is looked at again once a pidfd holds the process."""
    ours = begun()
    child = processes.fork(sleep)
    opened = os.pidfd_open

    def later(pid: int) -> int:
        monkeypatch.setattr(proctable, "process", lambda pid: real(pid)._replace(start_time=1))
        return opened(pid)

    real = proctable.process
    monkeypatch.setattr(os, "pidfd_open", later)
    strike(ours)
    monkeypatch.undo()
    assert trees.processes.state(child) == "S"
    kill(child)


def test_whom_we_may_not_signal_is_told(monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError(1, "made up")

    ours = begun()
    child = processes.fork(sleep)
    monkeypatch.setattr(processes, "send", refuse)
    assert strike(ours).refused == {child}
    kill(child)


def test_what_another_collects_is_never_seen_to_be_settled_until_nobody_is_left():
    """In one look, that is: it may have collected one that has forked."""
    ours = begun()
    assert strike(ours).unsettled == 0
    ours.adopt(None)
    assert strike(ours).unsettled >= 1
    ours.nobody_is_left()
    assert strike(ours).unsettled == 0


def test_a_second_supervise_finds_what_others_inherited(here, background, monkeypatch):
    """Marked, or in the session of the child; and neither who is marked below somebody else, nor
    who is marked for another service."""
    heir = os.getpid()
    monkeypatch.setattr(descendants.os, "getpid", lambda: 2**22 + 2)  # the supervise is another
    monkeypatch.setattr(descendants.os, "getppid", lambda: heir)
    ours = begun()

    def start(mark: str, *argv: str) -> int:
        pid = background.start(argv or ["/bin/sleep", "1000"], env={VARIABLE: mark}).pid
        eventually(lambda: proctable.environment(pid) not in ([], [b""]))
        return pid

    marked, other, plain = start(ours.mark), start("1.2"), start("")
    inside = start("", "/bin/sh", "-c", f"{VARIABLE}={ours.mark} sleep 1000; :")
    assert strike(ours).living == set(), "it is the first"
    ours.adopt(None)
    assert strike(ours).living == {marked}
    ours.begin(None)
    ours.adopt(plain)
    assert strike(ours).living == {marked, plain}
    assert not any(stopped(pid) for pid in (other, inside))
    for pid in (marked, plain):
        os.kill(pid, signal.SIGCONT)
    (below,) = trees.processes.children(inside)
    os.kill(below, signal.SIGTERM)
