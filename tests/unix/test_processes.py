from __future__ import annotations

import os
import select
import signal
import sys

import pytest

from supervise.unix import descriptors, linux, processes, signals
from tests.support.forks import in_a_fork, signal_sets
from tests.support.patience import eventually
from tests.support.processes import state


def exit_code(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_fork_exits_with_what_the_function_returns():
    assert [exit_code(processes.fork(lambda code=code: code)) for code in (0, 7, 111)] == [
        0,
        7,
        111,
    ]


@pytest.mark.parametrize(
    "error", [ValueError("oops"), SystemExit(0), KeyboardInterrupt(), MemoryError()]
)
def test_a_fork_cannot_climb_back(error, capfd, tmp_path):
    mark = tmp_path / "climbed"

    def child() -> int:
        raise error

    try:
        pid = processes.fork(child)
        assert exit_code(pid) == 111
    finally:
        with open(mark, "a") as marks:
            marks.write("one process came by here\n")
    assert mark.read_text().count("\n") == 1
    assert type(error).__name__ in capfd.readouterr().err


def test_a_fork_with_no_standard_error_cannot_climb_back_either():
    def child() -> int:
        sys.stderr = None
        os.close(2)
        raise ValueError

    assert exit_code(processes.fork(child)) == 111


def test_a_fork_flushes_what_was_printed(tmp_path):
    path = tmp_path / "printed"

    def child() -> int:
        sys.stdout = open(path, "w")
        print("hello")
        return 0

    assert exit_code(processes.fork(child)) == 0
    assert path.read_text() == "hello\n"


def test_a_fork_whose_output_nobody_takes_keeps_its_code():
    def child() -> int:
        sys.stdout = open("/dev/full", "w")
        print("hello")
        return 7

    assert exit_code(processes.fork(child)) == 7


def test_a_fork_begins_with_the_signals_of_an_execed_program_and_the_mask_of_its_parent():
    def parent() -> list[object]:
        signals.wake_on(signal.SIGTERM, signal.SIGCHLD)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        return [in_a_fork(signal_sets), signal_sets()["SigBlk"], len(signals.pipe)]

    child, parent_mask, pipe = in_a_fork(parent)
    # The rest is what pytest's faulthandler catches without Python's knowledge.
    assert not child["SigCgt"] & {signal.SIGTERM, signal.SIGCHLD, signal.SIGINT}
    assert child["SigBlk"] == parent_mask == {signal.SIGUSR1}
    assert pipe == 2


def test_a_signal_to_a_fork_never_wakes_its_parent():
    def parent() -> list[object]:
        wakeup = signals.wake_on(signal.SIGTERM)
        pids = []
        for _ in range(20):
            pids.append(processes.fork(lambda: signal.pause() or 0))
            os.kill(pids[-1], signal.SIGTERM)  # at once, before it has forgotten our handlers
        codes = {exit_code(pid) for pid in pids}
        return [codes, select.select([wakeup], [], [], 0)[0], signals.take()]

    assert in_a_fork(parent) == [{-signal.SIGTERM}, [], set()]


def test_the_mask_is_put_back_where_a_fork_fails(monkeypatch):
    def no_fork() -> int:
        raise BlockingIOError(11, "no more processes")

    monkeypatch.setattr(os, "fork", no_fork)
    before = signal_sets()["SigBlk"]
    with pytest.raises(BlockingIOError):
        processes.fork(lambda: 0)
    assert signal_sets()["SigBlk"] == before


def die() -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def test_every_ended_child_is_reaped_and_no_living_one():
    def parent() -> list[object]:
        none = processes.reap()
        living = processes.fork(lambda: signal.pause() or 0)
        alive = processes.reap()
        ended = [processes.fork(lambda: 3), processes.fork(die)]
        eventually(lambda: all(state(pid) == "Z" for pid in ended))
        reaped = dict(processes.reap())
        os.kill(living, signal.SIGKILL)
        eventually(lambda: state(living) == "Z")
        last = processes.reap()
        codes = [os.waitstatus_to_exitcode(reaped[pid]) for pid in ended]
        return [none, alive, len(reaped), codes, last == [(living, signal.SIGKILL)]]

    assert in_a_fork(parent) == [[], [], 2, [3, -signal.SIGKILL], True]


def test_a_pidfd_signals_its_process_and_nobody_after_it():
    pid = processes.fork(lambda: signal.pause() or 0)
    pidfd = processes.open_or_kill(pid)
    assert not descriptors.survives_exec(pidfd)
    processes.send(pidfd, signal.SIGTERM)
    assert exit_code(pid) == -signal.SIGTERM
    processes.send(pidfd, signal.SIGTERM)
    os.close(pidfd)


def test_without_a_pidfd_the_child_is_ended(monkeypatch):
    def no_pidfd(pid: int) -> int:
        raise OSError(24, "too many")

    pid = processes.fork(lambda: signal.pause() or 0)
    monkeypatch.setattr(os, "pidfd_open", no_pidfd)
    with pytest.raises(OSError, match="too many"):
        processes.open_or_kill(pid)
    assert state(pid) == "gone"


def test_the_title_is_shown_where_the_library_is_loaded():
    def child() -> list[str]:
        from pathlib import Path

        sys.modules.pop("setproctitle", None)
        processes.set_title(["not", "shown"])
        import setproctitle

        before = setproctitle.getproctitle()
        processes.set_title(["supervise", "smtpd"])
        shown = Path("/proc/self/cmdline").read_bytes().strip(b"\0").decode()
        return ["not shown" in before, shown]

    assert in_a_fork(child) == [False, "supervise smtpd"]


def test_a_title_that_is_no_text():
    def child() -> str:
        import setproctitle

        processes.set_title(["supervise", "caf\udce9"])
        return setproctitle.getproctitle()

    assert in_a_fork(child) == "supervise caf\\xe9"


def test_a_group_is_signalled_as_long_as_anybody_is_left_in_it():
    def leader() -> int:
        os.setsid()
        processes.fork(lambda: signal.pause() or 0)
        os.write(writing, b"ready")
        return 0

    def ancestor() -> list[object]:
        linux.become_subreaper()
        group = processes.fork(leader)
        os.read(reading, 5)
        os.waitpid(group, 0)
        before = processes.group_exists(group), processes.send_to_group(group, signal.SIGTERM)
        [(_, status)] = eventually(processes.reap)
        after = processes.group_exists(group), processes.send_to_group(group, signal.SIGTERM)
        return [before, status, after]

    reading, writing = os.pipe()
    assert in_a_fork(ancestor) == [(True, True), signal.SIGTERM, (False, False)]
    os.close(reading)
    os.close(writing)


@pytest.mark.needs_root
def test_a_group_of_somebody_else_is_nobody_s():
    group = os.getpgrp()

    def stranger() -> list[bool]:
        os.setsid()
        os.setresuid(65534, 65534, 65534)
        return [processes.group_exists(group), processes.send_to_group(group, 0)]

    assert in_a_fork(stranger) == [False, False]


def test_a_child_that_was_stopped_ends_too():
    pid = processes.fork(lambda: signal.pause() or 0)
    os.kill(pid, signal.SIGSTOP)
    assert os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1])
    processes.end(pid)
    assert os.waitpid(pid, 0)[1] == signal.SIGTERM


@pytest.mark.needs_root
def test_a_child_that_we_may_not_signal_goes_on():
    def powerless():
        os.setuid(4321)
        processes.end(os.getppid())
        return 7

    assert os.waitstatus_to_exitcode(os.waitpid(processes.fork(powerless), 0)[1]) == 7
