from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from supervise.drivers import outcome
from supervise.drivers.outcome import Awaited
from supervise.errors import Failure
from supervise.unix import processes
from tests.support.patience import PATIENCE, eventually


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "pid.reexec")


@pytest.fixture
def pidfd():
    """Of a process that lives."""
    descriptor = os.pidfd_open(os.getpid())
    yield descriptor
    os.close(descriptor)


def later() -> float:
    return time.monotonic() + PATIENCE


def test_what_is_told_is_heard(path, pidfd):
    awaited = Awaited(path)
    outcome.tell(path, "SyntaxError: invalid syntax")
    assert awaited.reason(pidfd, later()) == "SyntaxError: invalid syntax"
    outcome.tell(path)
    assert awaited.reason(pidfd, later()) == ""
    outcome.tell(path, 9999 * "x")
    assert awaited.reason(pidfd, later()) == (outcome.LONGEST - 1) * "x"


def test_nobody_waits(path, tmp_path):
    outcome.tell(path, "reason")
    assert list(tmp_path.iterdir()) == []
    os.mkfifo(path)
    outcome.tell(path, "reason")


def test_what_was_told_before_is_not_the_answer(path, pidfd):
    earlier = Awaited(path)
    outcome.tell(path, "before")

    def wait() -> int:
        os.close(earlier.fifo)  # whose lock would be ours too
        return len(Awaited(path).reason(pidfd, later()))

    child = processes.fork(wait)
    assert earlier.reason(pidfd, later()) == "before"
    os.close(earlier.fifo)

    def answered() -> bool:
        outcome.tell(path, "after that")
        pid, status = os.waitpid(child, os.WNOHANG)
        return pid == child and os.waitstatus_to_exitcode(status) == len("after that")

    eventually(answered)


def test_only_a_fifo_is_written_or_read(path, tmp_path):
    Path(path).write_text("precious\n")
    outcome.tell(path, "reason")
    with pytest.raises(Failure, match=f"^unable to read {path}: not a fifo$"):
        Awaited(path)
    assert Path(path).read_text() == "precious\n"
    Path(path).rename(tmp_path / "file")
    os.mkfifo(tmp_path / "fifo")
    Path(path).symlink_to("fifo")
    with pytest.raises(Failure, match=f"^unable to open {path}: symbolic link loop$"):
        Awaited(path)
    reading = os.open(tmp_path / "fifo", os.O_RDWR | os.O_NONBLOCK)
    outcome.tell(path, "reason")
    with pytest.raises(BlockingIOError):
        os.read(reading, 10)
    os.close(reading)


def test_an_end_is_an_answer_and_so_is_time(path, pidfd):
    awaited = Awaited(path)
    assert awaited.reason(pidfd, time.monotonic()) == "timed out"
    child = processes.fork(lambda: signal.pause() or 0)
    ended = os.pidfd_open(child)
    os.kill(child, signal.SIGKILL)
    assert awaited.reason(ended, later()) == "it has ended"
    os.waitpid(child, 0)
    os.close(ended)
