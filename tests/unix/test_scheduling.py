from __future__ import annotations

import os

from supervise.unix import processes, scheduling


def test_we_may_go_before_all_others_and_who_we_start_does_not():
    hurried = scheduling.hurry()
    try:
        expected = os.SCHED_FIFO if hurried else os.SCHED_OTHER
        assert os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK == expected
        child = processes.fork(lambda: os.sched_getscheduler(0))
        assert os.waitpid(child, 0)[1] == os.SCHED_OTHER
    finally:
        scheduling.as_ever()
    assert os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK == os.SCHED_OTHER


def test_who_may_not_waits_for_his_turn(monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError(1, "made up")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    assert not scheduling.hurry()
