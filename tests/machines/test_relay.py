from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from supervise.machines.relay import INWARD, OUTWARD, WAYS, Close, Note, Relay

IN, OUT = INWARD, OUTWARD


def recorded(way, chunk):
    return [b"%s %s" % (way.name.encode(), chunk)]


def test_a_chunk_is_recorded_as_it_came_and_goes_on_changed():
    relay = Relay(recorded, {IN: bytes.upper})
    assert relay.received(IN, b"abc") == [Note(b"INWARD abc")]
    assert relay.pending(IN) == b"ABC"


def test_both_directions_are_read_until_one_has_something_to_write():
    relay = Relay()
    assert (relay.reading, relay.writing) == ([IN, OUT], [])
    assert relay.received(IN, b"abc") == []
    assert (relay.reading, relay.writing) == ([OUT], [IN])
    relay.written(IN, 2)
    assert (relay.reading, relay.writing, relay.pending(IN)) == ([OUT], [IN], b"c")
    relay.written(IN, 1)
    assert (relay.reading, relay.writing) == ([IN, OUT], [])


def test_a_chunk_of_which_nothing_is_left_is_followed_by_the_next():
    relay = Relay(transforms={OUT: lambda chunk: b""})
    assert relay.received(OUT, b"\r") == []
    assert (relay.reading, relay.writing) == ([IN, OUT], [])


def test_the_end_of_the_network_closes_the_programs_input_and_no_more():
    relay = Relay(recorded)
    assert relay.received(IN, b"") == [Note(b"INWARD "), Close(IN)]
    assert (relay.reading, relay.over) == ([OUT], False)


def test_the_end_of_the_program_is_the_end():
    relay = Relay(recorded)
    relay.received(IN, b"unread")
    assert relay.received(OUT, b"") == [Note(b"OUTWARD "), Close(OUT)]
    assert relay.over


def test_a_program_that_reads_no_more_may_go_on_talking():
    relay = Relay(recorded)
    relay.received(IN, b"unread")
    assert relay.refused(IN) == [Close(IN)]
    assert (relay.reading, relay.writing, relay.over) == ([OUT], [], False)


def test_a_network_that_is_gone_is_the_end():
    relay = Relay(recorded)
    relay.received(OUT, b"unread")
    assert relay.refused(OUT) == [Close(OUT)]
    assert relay.over


class TwoStreams(RuleBasedStateMachine):
    """Whatever happens when: what was read is written in order, changed once, and not twice."""

    ways = st.sampled_from(WAYS)

    def __init__(self):
        super().__init__()
        self.relay = Relay(recorded, dict.fromkeys(WAYS, bytes.swapcase))
        self.read = dict.fromkeys(WAYS, b"")
        self.written = dict.fromkeys(WAYS, b"")
        self.closed = []

    def perform(self, effects):
        self.closed += [effect.way for effect in effects if isinstance(effect, Close)]

    @precondition(lambda self: self.relay.reading)
    @rule(choice=st.data(), chunk=st.sampled_from([b"a", b"Bc", b"dEf\n", b""]))
    def receive(self, choice, chunk):
        way = choice.draw(st.sampled_from(self.relay.reading))
        effects = self.relay.received(way, chunk)
        assert effects[0] == Note(recorded(way, chunk)[0])
        self.read[way] += chunk
        self.perform(effects)

    @precondition(lambda self: self.relay.writing)
    @rule(choice=st.data(), fail=st.sampled_from([False, False, False, True]))
    def write(self, choice, fail):
        way = choice.draw(st.sampled_from(self.relay.writing))
        if fail:
            self.perform(self.relay.refused(way))
            return
        pending = self.relay.pending(way)
        count = choice.draw(st.integers(0, len(pending)))
        self.written[way] += pending[:count]
        self.relay.written(way, count)

    @rule()
    def wait(self):
        """Nothing can be done when all is over."""

    @invariant()
    def nothing_is_lost_doubled_or_reordered(self):
        for way in WAYS:
            whole = self.written[way] + self.relay.pending(way)
            if way not in self.closed:
                assert whole == self.read[way].swapcase()
            assert self.read[way].swapcase().startswith(whole)

    @invariant()
    def one_chunk_is_on_its_way_and_each_end_is_told_once(self):
        assert not set(self.relay.reading) & set(self.relay.writing)
        assert len(self.closed) == len(set(self.closed))
        assert not set(self.closed) & {*self.relay.reading, *self.relay.writing}
        assert self.relay.over == (OUT in self.closed)


TestTwoStreams = TwoStreams.TestCase
TestTwoStreams.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)


def test_a_direction_that_is_left_is_read_no_more_and_written_to_its_end():
    relay = Relay()
    relay.received(IN, b"abc")
    relay.leave(IN)
    assert (relay.reading, relay.writing) == ([OUT], [IN])
    relay.written(IN, 3)
    assert (relay.reading, relay.writing, relay.over) == ([OUT], [], False)
