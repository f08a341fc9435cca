from __future__ import annotations

import errno
import os

import pytest

from supervise.unix import descriptors, processes
from supervise.unix import gate as gate_module
from supervise.unix.gate import Gate


def code(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_child_goes_on_when_the_gate_is_opened():
    before = descriptors.above_standard()
    gate = Gate()
    pid = processes.fork(lambda: 10 + gate.wait())
    assert os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG) is None, "it waits"
    gate.open()
    assert code(pid) == 11
    assert descriptors.above_standard() == before


def test_a_child_does_not_go_on_when_the_gate_is_closed():
    gate = Gate()
    pid = processes.fork(lambda: 10 + gate.wait())
    gate.close()
    assert code(pid) == 10


def test_a_child_does_not_go_on_when_its_parent_is_gone():
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)  # or the child would close it at the gate

    def parent() -> int:
        gate = Gate()
        processes.fork(lambda: os.write(writing, b"went on" if gate.wait() else b"ended") * 0)
        os._exit(0)  # as if killed: neither opened nor closed

    pid = processes.fork(parent)
    os.close(writing)
    assert code(pid) == 0
    assert os.read(reading, 100) == b"ended"
    os.close(reading)
    os.waitpid(-1, 0)  # it has become ours


def test_a_child_that_is_gone_already_is_no_trouble():
    gate = Gate()
    assert code(processes.fork(lambda: 3)) == 3
    gate.open()


def test_whatever_fails_the_gate_does_not_stay_as_it_is(monkeypatch):
    before = descriptors.above_standard()
    gate = Gate()
    pid = processes.fork(lambda: 10 + gate.wait())

    def refuse(*_: object) -> int:
        raise OSError(errno.EIO, "made up")

    with monkeypatch.context() as patch:
        patch.setattr(gate_module.os, "write", refuse)
        with pytest.raises(OSError, match="made up"):
            gate.open()
    assert code(pid) == 10, "the child does not wait for ever"
    assert descriptors.above_standard() == before
