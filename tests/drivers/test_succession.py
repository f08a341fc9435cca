from __future__ import annotations

import os
import signal

import pytest

from supervise.drivers.succession import Succession
from supervise.formats.handover import Limit, Record
from supervise.machines import succession as machine
from supervise.unix import signals
from supervise.unix.waiting import Waiter
from tests.support.forks import in_a_fork, signal_sets
from tests.support.patience import eventually

STATE: list[Record] = [Limit(1, 2)]


class Scripted:
    """A successor whose rehearsal says what it is told to, and whose exec is remembered."""

    def __init__(self) -> None:
        self.answer: int | None = None
        self.said, self.expected = b"", b"yes"
        self.execs: list[set[int]] = []  # the signals that were blocked
        self.trouble: OSError | None = None

    def rehearse(self, records: list[Record]) -> None:
        assert records == STATE
        if self.trouble:
            raise self.trouble
        self.answer, self.writing = os.pipe()
        self.said = b""

    def say(self, text: bytes) -> None:
        os.write(self.writing, text)
        os.close(self.writing)

    def hear(self) -> bool:
        assert self.answer is not None
        block = os.read(self.answer, 100)
        self.said += block
        return not block

    def close(self) -> None:
        assert self.answer is not None
        os.close(self.answer)
        self.answer = None

    def become(self, records: list[Record]) -> None:
        assert records == STATE
        self.execs.append(signal_sets()["SigBlk"])
        raise OSError(12, "")


@pytest.fixture
def one():
    """A succession, with its successor, its waiter and the reasons that it has reported."""
    successor, waiter, reasons = Scripted(), Waiter(), []
    succession = Succession(
        "svscan", successor, waiter, lambda: STATE, reasons.append, {int(signal.SIGCHLD)}
    )
    return succession, successor, waiter, reasons


def turns(succession: Succession, waiter: Waiter) -> None:
    """Until the rehearsal has ended."""
    while succession.successor.answer is not None:
        succession.turn(waiter.wait(None))


def test_it_becomes_what_has_rehearsed_well(one):
    succession, successor, waiter, reasons = one

    def svscan() -> None:
        signals.wake_on(signal.SIGHUP, signal.SIGTERM)
        before = signal_sets()["SigBlk"]
        succession.ask()
        assert succession.wanted
        successor.say(b"words\nyes\n")
        turns(succession, waiter)
        (blocked,) = successor.execs
        assert blocked >= before | {signal.SIGHUP, signal.SIGTERM}
        assert signal_sets()["SigBlk"] == before, "the exec has failed"
        assert reasons == ["out of memory"]

    in_a_fork(svscan)


def test_it_does_not_while_there_is_a_signal_to_be_heard(one):
    succession, successor, waiter, reasons = one

    def svscan() -> None:
        signals.wake_on(signal.SIGHUP, signal.SIGCHLD)
        succession.ask()
        successor.say(b"yes")
        signal.raise_signal(signal.SIGHUP)
        turns(succession, waiter)
        assert (successor.execs, reasons, succession.wanted) == ([], [], False)
        signals.take()
        succession.ask()
        successor.say(b"yes")
        signal.raise_signal(signal.SIGCHLD)
        turns(succession, waiter)
        assert len(successor.execs) == 1, "whose death it is will be seen by the next"

    in_a_fork(svscan)


def test_a_rehearsal_that_fails_is_told(one, capfd):
    succession, successor, waiter, reasons = one
    succession.ask()
    successor.say(b"ImportError: no")
    turns(succession, waiter)
    successor.trouble = FileNotFoundError(2, "")
    succession.ask()
    assert (reasons, successor.execs) == (["ImportError: no", "file does not exist"], [])
    told = "svscan: warning: unable to re-execute, going on as before: "
    assert capfd.readouterr().err == f"{told}ImportError: no\n{told}file does not exist\n"


def test_time_ends_a_rehearsal(one, monkeypatch):
    succession, successor, waiter, reasons = one
    monkeypatch.setattr(machine, "LIMIT", 0.01)
    succession.ask()
    assert succession.deadline is not None
    waiter.wait(succession.deadline)

    def over() -> bool:
        succession.turn(set())
        return successor.answer is None

    eventually(over)
    assert reasons == ["timed out"]
    assert waiter.wait(0.0) == set()
    os.close(successor.writing)


def test_it_begins_again_and_it_stops(one):
    succession, successor, waiter, reasons = one
    succession.ask()
    first = successor.writing
    succession.ask()
    os.close(first)
    succession.stop()
    assert (successor.answer, succession.wanted, reasons) == (None, False, [])
    succession.turn(set())
    succession.stop()
    os.close(successor.writing)
    assert waiter.wait(0.0) == set()
