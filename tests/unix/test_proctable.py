from __future__ import annotations

import os
import signal

import pytest

from supervise.unix import lifetimes, processes, proctable
from tests.support.patience import eventually


def sleep() -> int:
    signal.pause()
    return 0


def test_who_lives_in_a_group():
    leader = processes.fork(sleep)
    os.setpgid(leader, leader)
    other = processes.fork(sleep)
    os.setpgid(other, leader)
    assert sorted(proctable.living({leader, 2**22 + 1})) == sorted([leader, other])
    assert os.getpid() in proctable.living({os.getpgrp()})
    os.kill(other, signal.SIGKILL)
    eventually(lambda: proctable.living({leader}) == [leader], "a zombie does not live")
    os.kill(leader, signal.SIGKILL)
    for pid in (leader, other):
        os.waitpid(pid, 0)
    assert proctable.living({leader}) == []
    assert proctable.process(leader) is None


def test_without_proc_nobody_can_tell(monkeypatch):
    def missing(path: str) -> list[str]:
        raise FileNotFoundError(path)

    monkeypatch.setattr(os, "listdir", missing)
    with pytest.raises(FileNotFoundError):
        proctable.living({1})


def test_what_a_process_is():
    pid = processes.fork(sleep)
    found = eventually(lambda: (one := proctable.process(pid)) and one.state == b"S" and one)
    assert found[:5] == (pid, b"S", os.getpid(), os.getpgrp(), os.getsid(0))
    assert found.start_time == lifetimes.start_time(pid)
    assert found.living
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: proctable.process(pid).state == b"Z")
    assert not proctable.process(pid).living
    os.waitpid(pid, 0)


def test_a_name_cannot_disguise_a_process(tmp_path):
    """Not even with what comes after a name, nor with the longest that there is."""
    pid = processes.fork(lambda: (tmp_path / "ready").write_text(rename()) and sleep())
    eventually((tmp_path / "ready").exists)
    assert proctable.process(pid).parent == os.getpid()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def rename() -> str:
    with open("/proc/self/comm", "w") as comm:
        comm.write(") Z 1 1 1 (abcdefgh")
    return "ready"


def test_the_children_of_a_process():
    pid = processes.fork(sleep)
    assert pid in proctable.children(os.getpid())
    assert proctable.children(pid) == []
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert proctable.children(pid) == []


def test_the_environment_that_a_program_was_started_with(background):
    started = background.start(["/bin/sleep", "1000"], env={"A": "1", "B": ""})
    eventually(lambda: proctable.environment(started.pid) == [b"A=1", b"B=", b""])
    assert proctable.environment(2**22 + 1) == []
