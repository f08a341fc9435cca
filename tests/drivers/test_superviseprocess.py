from __future__ import annotations

import errno
import multiprocessing
import os
import signal

import pytest

from supervise.drivers.superviseprocess import SuperviseProcess
from supervise.unix import channels, processes
from tests.support.patience import eventually
from tests.support.processes import state


@pytest.fixture
def ends():
    """Our end and theirs of the socket."""
    ours, theirs = channels.pair()
    yield ours, theirs
    for descriptor in (ours, theirs):
        try:
            os.close(descriptor)
        except OSError:
            pass  # closed by what is tested


def reaped(process: SuperviseProcess) -> int:
    pid, status = os.waitpid(process.child_pid, 0)
    assert pid == process.pid
    return status


def test_it_hears_orders_and_its_end_is_known_when_it_is_reaped(ends):
    ours, theirs = ends

    def main() -> int:
        assert channels.receive(theirs) == (b"dx", [])
        return 7

    process = SuperviseProcess("a", main, ours)
    process.start()
    assert (process.name, process.is_alive(), process.exitcode) == ("a", True, None)
    process.order(b"dx")
    process.ended(reaped(process))
    assert (process.is_alive(), process.exitcode) == (False, 7)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(ours)
    assert multiprocessing.active_children() == []


def test_one_that_was_killed(ends):
    process = SuperviseProcess("a", signal.pause, ends[0])
    process.start()
    os.kill(process.child_pid, signal.SIGKILL)
    process.ended(reaped(process))
    assert process.exitcode == -signal.SIGKILL


def test_orders_to_one_that_has_just_ended_are_nothing(ends):
    ours, theirs = ends
    process = SuperviseProcess("a", lambda: 0, ours)
    process.start()
    os.close(theirs)
    eventually(lambda: state(process.child_pid) == "Z")
    process.order(b"dx")
    process.ended(reaped(process))
    process.order(b"dx")
    assert process.exitcode == 0


def test_one_that_somebody_has_stopped_is_continued_for_an_order(ends):
    process = SuperviseProcess("a", lambda: len(channels.receive(ends[1])[0]), ends[0])
    process.start()
    os.kill(process.child_pid, signal.SIGSTOP)
    eventually(lambda: state(process.child_pid) == "T")
    process.order(b"dx")
    process.ended(reaped(process))
    assert process.exitcode == 2


def order_for_ever(process: SuperviseProcess) -> None:
    while True:
        process.order(b"k")


def test_orders_never_wait(ends):
    process = SuperviseProcess("a", signal.pause, ends[0])
    process.start()
    with pytest.raises(BlockingIOError):
        order_for_ever(process)
    os.kill(process.child_pid, signal.SIGKILL)
    process.ended(reaped(process))


def test_one_that_was_stopped_is_continued_though_it_has_too_much_unread(ends):
    process = SuperviseProcess("a", signal.pause, ends[0])
    process.start()
    with pytest.raises(BlockingIOError):
        order_for_ever(process)
    os.kill(process.child_pid, signal.SIGSTOP)
    eventually(lambda: state(process.child_pid) == "T")
    with pytest.raises(BlockingIOError):
        process.order(b"k")
    eventually(lambda: state(process.child_pid) == "S")
    os.kill(process.child_pid, signal.SIGKILL)
    process.ended(reaped(process))


def test_a_fork_that_fails_is_the_callers_trouble(ends, monkeypatch):
    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, "x")

    monkeypatch.setattr(processes.os, "fork", refuse)
    with pytest.raises(BlockingIOError):
        SuperviseProcess("a", lambda: 0, ends[0]).start()


def test_one_that_was_started_before_an_exec(ends):
    """This process is its parent, and has only to be told its number."""
    ours, theirs = ends
    pid = processes.fork(lambda: len(channels.receive(theirs)[0]))
    process = SuperviseProcess.started_before("a", pid, ours)
    assert (process.name, process.is_alive(), process.exitcode) == ("a", True, None)
    process.order(b"dx")
    process.ended(reaped(process))
    assert process.exitcode == 2


def test_the_last_word_of_one_that_has_left_orders_unread(ends):
    ours, theirs = ends
    process = SuperviseProcess("a", lambda: channels.send(theirs, b"last") or 0, ours)
    process.start()
    status = reaped(process)
    channels.send(ours, b"unread")
    os.close(theirs)
    process.ended(status)
    assert process.last_word == b"last"


def test_one_that_says_nothing_is_not_waited_for(ends):
    """Somebody else may have its end of the socket."""
    process = SuperviseProcess("a", lambda: 0, ends[0])
    process.start()
    process.ended(reaped(process))
    assert process.last_word == b""
