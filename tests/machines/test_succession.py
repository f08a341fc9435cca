from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from supervise.machines.succession import (
    LIMIT,
    LONGEST_REASON,
    Abandon,
    Effect,
    Execute,
    GiveUp,
    Rehearse,
    Succession,
)

YES = b"understood"


def at(t: float) -> float:
    return 1000.0 + t


def rehearsing() -> Succession:
    succession = Succession()
    assert succession.asked(at(0)) == [Rehearse()]
    return succession


def test_nothing_is_done_unasked():
    succession = Succession()
    assert (succession.deadline, succession.tick(at(0)), succession.stop()) == (None, [], [])


def test_what_has_shown_that_it_understands_takes_the_place():
    succession = rehearsing()
    assert (succession.rehearsing, succession.deadline) == (True, at(LIMIT))
    assert succession.ended(b"some words\n" + YES + b"\n", YES) == [Execute()]
    assert (succession.rehearsing, succession.deadline) == (False, None)


def test_an_exec_that_fails_is_told():
    succession = rehearsing()
    succession.ended(YES, YES)
    assert succession.failed("out of memory") == [GiveUp("out of memory")]


def test_a_rehearsal_that_cannot_be_started_is_told():
    succession = rehearsing()
    assert succession.failed("file does not exist") == [GiveUp("file does not exist")]
    assert succession.deadline is None


def test_the_reason_is_the_last_line():
    trace = b'Traceback (most recent call last):\n  File "x.py", line 3\nImportError: no y\n'
    assert rehearsing().ended(trace, YES) == [GiveUp("ImportError: no y")]
    own = b"svscan: fatal: unable to read state: protocol error\n"
    assert rehearsing().ended(own, YES) == [GiveUp("unable to read state: protocol error")]


def test_whatever_it_says_the_reason_is_one_short_line():
    assert rehearsing().ended(b"", YES) == [GiveUp("no answer")]
    assert rehearsing().ended(b" \n\n", YES) == [GiveUp("no answer")]
    assert rehearsing().ended(b"\x1b[2J\xff", YES) == [GiveUp("?[2J�")]
    assert rehearsing().ended(9999 * b"x", YES) == [GiveUp(LONGEST_REASON * "x")]


def test_more_words_after_it_are_no_answer():
    assert rehearsing().ended(YES + b"\nbut no", YES) == [GiveUp("but no")]


def test_one_that_takes_too_long_is_ended():
    succession = rehearsing()
    assert succession.tick(at(LIMIT - 0.1)) == []
    assert succession.tick(at(LIMIT)) == [Abandon(), GiveUp("timed out")]
    assert succession.tick(at(LIMIT)) == []


def test_asked_again_the_rehearsal_begins_again():
    succession = rehearsing()
    assert succession.asked(at(5)) == [Abandon(), Rehearse()]
    assert succession.deadline == at(5 + LIMIT)


def test_who_stops_needs_no_successor():
    succession = rehearsing()
    assert succession.stop() == [Abandon()]
    assert (succession.stop(), succession.deadline) == ([], None)


class Life(RuleBasedStateMachine):
    """Of a driver with trouble: one rehearsal at most, and no exec without one that has said so."""

    def __init__(self) -> None:
        super().__init__()
        self.succession = Succession()
        self.now = 0.0
        self.rehearsals = 0

    def perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Rehearse():
                    self.rehearsals += 1
                case Abandon():
                    self.rehearsals -= 1
                case Execute():
                    raise AssertionError("nobody has said so")

    @rule()
    def ask(self) -> None:
        self.perform(self.succession.asked(self.now))

    @rule()
    def stop(self) -> None:
        self.perform(self.succession.stop())

    @rule(seconds=st.floats(0, 2 * LIMIT))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.perform(self.succession.tick(self.now))

    @precondition(lambda self: self.rehearsals)
    @rule(said=st.binary(max_size=20))
    def end(self, said: bytes) -> None:
        self.rehearsals -= 1
        (effect,) = self.succession.ended(said, b"what nobody says")
        assert isinstance(effect, GiveUp)

    @precondition(lambda self: self.rehearsals)
    @rule()
    def answer(self) -> None:
        self.rehearsals -= 1
        assert self.succession.ended(YES, YES) == [Execute()]

    @invariant()
    def there_is_one_exactly_while_there_is_a_deadline(self) -> None:
        assert self.rehearsals == int(self.succession.rehearsing)


TestLife = Life.TestCase
