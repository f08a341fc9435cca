from __future__ import annotations

import os
import signal

import pytest

from supervise.unix import processes, proctable
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
    assert proctable.group_of(leader) is None


def test_without_proc_nobody_can_tell(monkeypatch):
    def missing(path: str) -> list[str]:
        raise FileNotFoundError(path)

    monkeypatch.setattr(os, "listdir", missing)
    with pytest.raises(FileNotFoundError):
        proctable.living({1})
