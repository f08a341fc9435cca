from __future__ import annotations

import errno
import os
import signal

import pytest

from supervise.drivers import steadfast
from supervise.errors import Failure
from supervise.unix import processes, signals


def in_a_fork(child) -> int:
    """The exit code of a child whose signals are its own."""
    _, status = os.waitpid(processes.fork(child), 0)
    return os.waitstatus_to_exitcode(status)


def raises(error):
    def turn():
        raise error

    return turn


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(errno.EIO, "x"), "input/output error (test_steadfast.py:22)"),
        (KeyError("name"), "KeyError('name') (test_steadfast.py:22)"),
        (MemoryError(), "MemoryError() (test_steadfast.py:22)"),
        (Failure("unable to do it"), "unable to do it"),
    ],
    ids=["system call", "mistake", "memory", "failure"],
)
def test_trouble_in_a_turn_is_one_line_and_a_pause(monkeypatch, capfd, error, text):
    pauses = []
    monkeypatch.setattr(steadfast.time, "sleep", pauses.append)
    monkeypatch.setattr(steadfast.signal, "raise_signal", pauses.append)
    steadfast.take_turn("svscan", raises(error))
    warning = f"svscan: warning: unable to go on as usual, pausing: {text}\n"
    assert capfd.readouterr().err == warning
    assert pauses == [steadfast.PAUSE, signal.SIGCHLD]


def test_a_turn_that_goes_well_does_not_wait(monkeypatch, capfd):
    monkeypatch.setattr(steadfast.time, "sleep", None)
    turns = []
    steadfast.take_turn("svscan", lambda: turns.append("one"))
    assert turns == ["one"]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt])
def test_what_is_meant_to_end_us_does(end):
    with pytest.raises(end):
        steadfast.take_turn("svscan", raises(end()))


def test_a_warning_instead_of_an_error(capfd):
    with steadfast.warn_unable_to("svscan", "fork for a"):
        raise BlockingIOError(errno.EAGAIN, "x")
    assert capfd.readouterr().err == "svscan: warning: unable to fork for a: temporary failure\n"


def test_a_warning_is_for_system_calls_only():
    with pytest.raises(KeyError), steadfast.warn_unable_to("svscan", "fork for a"):
        raise KeyError("name")


def test_ignored_stays_ignored_and_blocked_is_let_through():
    def child() -> int:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        steadfast.listen(signal.SIGHUP, signal.SIGTERM)
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE):
            signal.raise_signal(number)
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        assert {signal.SIGTERM, signal.SIGCHLD}.isdisjoint(blocked)
        assert signal.SIGUSR1 in blocked
        assert signals.take() == {signal.SIGTERM, signal.SIGCHLD}
        return 0

    assert in_a_fork(child) == 0
