from __future__ import annotations

import os
import signal

import pytest

from supervise.unix import exits, processes


def ended(pid: int) -> tuple[int, int]:
    """A pidfd of a child that has ended, and how it did."""
    pidfd = os.pidfd_open(pid)
    return pidfd, os.waitpid(pid, 0)[1]


def kill_itself() -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


@pytest.mark.parametrize("child", [lambda: 0, lambda: 42, kill_itself])
def test_a_process_that_was_collected(child):
    pidfd, status = ended(processes.fork(child))
    told = exits.status(pidfd)
    os.close(pidfd)
    if told is None:
        pytest.skip("needs Linux 6.15")
    assert told == status


def test_one_that_runs_or_is_not_collected_has_no_status(monkeypatch):
    monkeypatch.setattr(exits, "COLLECTED", 1)
    pid = processes.fork(lambda: signal.pause() or 0)
    pidfd = os.pidfd_open(pid)
    assert exits.status(pidfd) is None
    os.kill(pid, signal.SIGTERM)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert exits.status(pidfd) is None
    os.waitpid(pid, 0)
    os.close(pidfd)


def test_a_kernel_that_cannot_tell():
    pidfd = os.open("/dev/null", os.O_RDONLY)
    assert exits.status(pidfd) is None
    os.close(pidfd)
