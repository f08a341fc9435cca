"""Processors: real shells over a log, and trouble around them."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest

from supervise import program
from supervise.drivers.orders import Stopped
from supervise.drivers.processor import Processor
from tests.support.forks import signal_sets


@pytest.fixture
def make(orders):
    """A processor over a full `previous`, in the current directory."""

    def processor(command: str) -> Processor:
        put("previous", "one\ntwo\n")
        return Processor("log", command, orders, program.execute)

    return processor


def put(name: str, text: str) -> None:
    with open(name, "w") as file:
        file.write(text)


def read(name: str) -> str:
    with open(name) as file:
        return file.read()


def mode(name: str) -> int:
    return os.stat(name).st_mode & 0o777


def test_what_it_writes_is_processed_complete_and_previous_is_gone(make):
    make("tac").run()
    assert read("processed") == "two\none\n"
    assert mode("processed") == 0o744
    assert sorted(os.listdir()) == ["processed", "state"]


def test_its_state_is_passed_on(make):
    make("cat <&4 >&5; echo run >&5").run()
    os.unlink("processed")
    make("cat <&4 >&5; echo run >&5").run()
    assert (read("state"), mode("state")) == ("run\nrun\n", 0o644)


def test_what_was_done_before_a_kill_stays_done(make):
    """All of it, but for the state: only that is moved to its place."""
    processor = make("exit 1")
    os.unlink("previous")
    Path("processed").write_bytes(b"made")
    os.chmod("processed", 0o744)
    Path("newstate").write_bytes(b"new")
    processor.run()
    processor.run()
    assert (read("processed"), read("state")) == ("made", "new")
    assert not os.path.exists("newstate")


def test_it_begins_without_a_state(make):
    make("cat <&4; echo new >&5").run()
    assert (read("processed"), read("state")) == ("", "new\n")


def test_what_it_removed_is_empty(make):
    make("rm processed newstate").run()
    assert (read("processed"), read("state")) == ("", "")
    assert mode("processed") == 0o744


@pytest.mark.parametrize(("trouble", "told"), [("exit 3", "failed"), ("kill -9 $$", "crashed")])
def test_it_is_run_from_the_start_until_it_succeeds(make, capfd, trouble, told):
    put("state", "old\n")
    make(f"cat; cat <&4; echo x >&5; test -e again || {{ touch again; {trouble}; }}").run()
    assert capfd.readouterr().err == f"multilog: warning: processor {told} in log, pausing\n"
    assert (read("processed"), read("state")) == ("one\ntwo\nold\n", "x\n")


@pytest.mark.parametrize("missing", ["previous", "processed", "newstate"])
def test_a_file_that_cannot_be_opened_is_a_failure(make, orders, missing, capfd):
    processor = make("true")
    if missing == "previous":
        os.unlink("previous")
    else:
        os.mkdir(missing)
    assert not processor.succeeds()
    reason = "file does not exist" if missing == "previous" else "is a directory"
    assert capfd.readouterr().err == (
        f"multilog: fatal: unable to run true: {reason}\n"
        "multilog: warning: processor failed in log, pausing\n"
    )


def test_it_has_the_five_descriptors_and_no_others_of_ours(make, tmp_path):
    held = [os.open(".", os.O_RDONLY) for _ in range(10)]
    make("for n in 0 1 2 3 4 5 6 7 8 9; do readlink /proc/$$/fd/$n || echo -; done").run()
    for descriptor in held:
        os.close(descriptor)
    links = read("processed").splitlines()
    names = [link.removeprefix(f"{tmp_path}/") for link in links]
    assert names[:2] + names[3:] == ["previous", "processed", "-", "state", "newstate", *"----"]


def test_its_signals_are_as_if_nobody_had_caught_or_blocked_them(make):
    make("exec cat /proc/self/status").run()
    lines = dict(line.split(":\t", 1) for line in read("processed").splitlines() if ":\t" in line)
    ours = signal_sets()
    assert {signal.SIGTERM, signal.SIGALRM} <= ours["SigCgt"]
    touched = sum(1 << number - 1 for number in (1, 2, 13, 14, 15, 17, 25))
    for name in ("SigIgn", "SigCgt", "SigBlk"):
        assert int(lines[name], 16) & touched == 0


def test_a_fork_that_fails_is_tried_again(make, failing, capfd):
    failing("fork", 1, errno.EAGAIN)
    make("cat").run()
    assert capfd.readouterr().err == (
        "multilog: warning: unable to fork for processor in log, pausing: temporary failure\n"
    )
    assert read("processed") == "one\ntwo\n"


def test_a_wait_that_fails_is_a_failure(make, monkeypatch, capfd):
    """As when somebody else in this process has collected the child."""
    real, calls = os.waitpid, [0]

    def collected(pid: int, options: int) -> tuple[int, int]:
        answer = real(pid, options)
        calls[0] += 1
        if calls[0] == 1:
            raise ChildProcessError(errno.ECHILD, "made up")
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(os, "waitpid", collected)
        make("cat").run()
    assert calls[0] == 2
    assert capfd.readouterr().err == (
        "multilog: warning: wait failed for processor in log, pausing: no child processes\n"
    )
    assert read("processed") == "one\ntwo\n"


STEPS = {
    "fsync": "write log/processed to disk",
    "fchmod": "set mode of log/processed",
    "unlink": "remove log/previous",
    "rename": "rename newstate to state in directory log",
}


@pytest.mark.parametrize("step", STEPS)
def test_each_step_after_it_is_tried_until_it_can_be_done(make, failing, capfd, step):
    failing(step, 2)
    make("cat; echo new >&5").run()
    warning = f"multilog: warning: unable to {STEPS[step]}, pausing: input/output error\n"
    assert capfd.readouterr().err == warning * 2
    assert (read("processed"), read("state")) == ("one\ntwo\n", "new\n")


def test_told_to_stop_while_it_runs_it_is_waited_for(make, orders):
    make(f"kill -TERM {os.getpid()}; cat").run()
    orders.look()
    assert orders.stop
    assert (read("processed"), mode("processed")) == ("one\ntwo\n", 0o744)


def test_told_to_stop_while_it_fails_all_stays(make):
    with pytest.raises(Stopped):
        make(f"cat; kill -TERM {os.getpid()}; false").run()
    assert read("previous") == "one\ntwo\n"
    assert mode("processed") == 0o644
