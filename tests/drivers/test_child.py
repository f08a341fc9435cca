from __future__ import annotations

import os
import signal

import pytest

from supervise.drivers import adoption
from supervise.drivers.child import Child, Orphan
from supervise.formats.adoption import Birth
from supervise.unix import processes
from tests.support import trees
from tests.support.patience import eventually

NOBODY = Birth(bytes(16), 0)


def sleep() -> int:
    signal.pause()
    return 0


@pytest.fixture
def child(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    child = Child("sv", sleep)
    yield child
    child.ended()


def wait(pid: int) -> int:
    return os.waitpid(pid, 0)[1]


def test_it_runs_in_a_session_of_its_own_once_the_gate_is_open(child, tmp_path):
    def run() -> int:
        (tmp_path / "ran").write_text(f"{os.getsid(0)}")
        return 7

    child.run = run
    pid, gate = child.start({})
    assert not (tmp_path / "ran").exists()
    gate.open()
    assert wait(pid) == 7 << 8
    assert (tmp_path / "ran").read_text() == str(pid)


def test_it_never_runs_where_its_supervise_is_gone_too_early(child, tmp_path):
    child.run = lambda: (tmp_path / "ran").touch() or 0
    pid, gate = child.start({})
    gate.close()
    assert wait(pid) == 111 << 8
    assert not (tmp_path / "ran").exists()


def test_what_cannot_be_run_is_told(child, capfd):
    def run() -> int:
        raise FileNotFoundError(2, "run")

    child.run = run
    pid, gate = child.start({})
    gate.open()
    assert wait(pid) == 111 << 8
    assert capfd.readouterr().err == (
        "supervise: fatal: unable to start sv/run: file does not exist\n"
    )


def test_a_child_of_somebody_else_is_adopted_where_it_is_still_that_process(child):
    pid = processes.fork(sleep)
    os.setpgid(pid, pid)
    birth = Birth(adoption.boot_id(), adoption.start_time(pid))
    found = child.adopt(pid, birth, None)
    assert (found.expected, found.status, found.pidfd) == (False, None, child.pidfd)
    child.signal(signal.SIGTERM)
    assert wait(pid) == signal.SIGTERM
    child.signal(signal.SIGTERM)  # to nobody: the number is not asked
    assert child.rest() == []


def test_one_that_is_gone_is_nobody(child):
    found = child.adopt(os.getpid(), NOBODY, None)
    assert found == Orphan(os.getpid(), None, False, None)
    child.signal(signal.SIGTERM)
    assert child.pidfd is None


def test_svscan_may_know_more(child):
    known = Orphan(12345, None, False, 3 << 8)
    assert child.adopt(12345, NOBODY, known) == known
    assert child.adopt(os.getpid(), NOBODY, known).status is None, "of another child"


def test_what_it_leaves_is_signalled_as_a_group(child, tmp_path):
    def run() -> int:
        (tmp_path / "rest").write_text(str(processes.fork(sleep)))
        return 0

    child.run = run
    pid, gate = child.start({})
    gate.open()
    wait(pid)
    rest = int((tmp_path / "rest").read_text())
    assert child.rest() == [rest]
    child.signal_rest(signal.SIGTERM)
    eventually(lambda: trees.ended(rest))
    wait(rest)
    assert child.rest() == []
