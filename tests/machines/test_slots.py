from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from supervise.machines.slots import LONGEST_PAUSE, Slots


def full(limit):
    slots = Slots(limit)
    for _ in range(limit):
        slots.take()
        slots.serve()
    return slots


def test_connections_are_accepted_up_to_the_limit():
    slots = Slots(2)
    assert slots.open(now=0)
    slots.take()
    assert slots.open(now=0)
    slots.take()
    assert not slots.open(now=1000)
    assert slots.deadline is None
    slots.give_back()
    assert slots.open(now=0)


def test_a_limit_of_nothing_is_never_open():
    slots = Slots(0)
    slots.give_back()
    assert not slots.open(now=0)


def test_children_from_before_are_not_counted():
    slots = Slots(1)
    slots.give_back()
    assert slots.count == 0


def test_trouble_is_told_once_and_waited_out_longer_each_time():
    slots = Slots(5)
    now, pauses, told = 0.0, [], []
    for _ in range(2000):
        told.append(slots.refuse(now))
        assert not slots.open(now)
        pauses.append(slots.deadline - now)
        now = slots.deadline
        assert slots.open(now)
    assert told == [True] + [False] * 1999
    assert [round(pause, 6) for pause in pauses[:8]] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10]
    assert max(pauses) <= LONGEST_PAUSE + 1e-9


def test_the_end_of_a_child_ends_the_pause_but_not_the_trouble():
    slots = Slots(5)
    slots.take()
    slots.serve()
    assert slots.refuse(now=0)
    slots.give_back()
    assert slots.open(now=0)
    assert not slots.refuse(now=0)
    assert slots.deadline == 0.2


def test_success_ends_the_trouble():
    slots = Slots(5)
    slots.refuse(now=0)
    slots.take()
    slots.serve()
    assert slots.deadline is None
    assert slots.refuse(now=1)
    assert slots.deadline == 1.1


def test_one_failed_fork_is_no_reason_to_pause_but_the_second_is():
    slots = Slots(5)
    slots.take()
    slots.drop(now=0)
    assert (slots.count, slots.open(now=0)) == (0, True)
    slots.take()
    slots.drop(now=0)
    assert (slots.count, slots.open(now=0), slots.deadline) == (0, False, 0.2)


def test_at_the_limit_a_pause_is_no_reason_to_wake():
    slots = full(2)
    slots.give_back()
    slots.refuse(now=0)
    slots.count = 2
    assert slots.deadline is None


class Serving(RuleBasedStateMachine):
    """Whatever happens: never more than the limit, never less than nobody."""

    def __init__(self):
        super().__init__()
        self.slots = Slots(3)
        self.now = 0.0
        self.children = 0

    @precondition(lambda self: self.slots.open(self.now))
    @rule(outcome=st.sampled_from(["serve", "drop", "refuse"]))
    def client(self, outcome):
        if outcome == "refuse":
            self.slots.refuse(self.now)
            assert not self.slots.open(self.now)
            return
        self.slots.take()
        if outcome == "serve":
            self.slots.serve()
            self.children += 1
        else:
            self.slots.drop(self.now)

    @precondition(lambda self: self.children)
    @rule()
    def end(self):
        self.children -= 1
        self.slots.give_back()
        assert self.slots.open(self.now)

    @rule(seconds=st.floats(0, 20))
    def time_goes_by(self, seconds):
        self.now += seconds

    @invariant()
    def the_count_is_the_children(self):
        assert self.slots.count == self.children <= 3

    @invariant()
    def there_is_always_a_way_on(self):
        waiting = self.slots.deadline
        assert self.slots.open(self.now) or self.children == 3 or self.now < waiting

    @invariant()
    def no_pause_is_longer_than_the_longest(self):
        assert (self.slots.deadline or 0) <= self.now + LONGEST_PAUSE


TestServing = Serving.TestCase
