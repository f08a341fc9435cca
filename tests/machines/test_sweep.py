from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervise.machines.sweep import (
    CALM,
    FREEZING,
    KILL,
    LOOK_AGAIN,
    PATIENCE,
    STOP,
    Outcome,
    Sweep,
)

GOES_ON, NOBODY_IS_LEFT, IN_VAIN = Outcome


def begun(frozen: bool = False) -> Sweep:
    return Sweep(100.0, frozen)


def test_nobody_is_killed_before_all_are_stopped():
    sweep = begun()
    assert (sweep.number, sweep.next_look) == (STOP, 100.0)
    assert sweep.looked(3, 3, 0, 0, 100.1) is GOES_ON
    assert (sweep.number, sweep.next_look) == (STOP, 100.1)
    assert sweep.looked(1, 1, 3, 0, 100.2) is GOES_ON
    assert (sweep.number, sweep.next_look) == (STOP, 100.2)
    assert sweep.looked(0, 0, 4, 0, 100.3) is GOES_ON
    assert (sweep.number, sweep.next_look) == (KILL, 100.3)
    assert sweep.looked(0, 0, 4, 0, 100.4) is GOES_ON
    assert sweep.looked(0, 0, 0, 0, 100.5) is NOBODY_IS_LEFT


def test_those_who_cannot_be_stopped_are_killed_all_the_same():
    sweep = begun()
    assert sweep.looked(0, 1, 0, 0, 100 + FREEZING / 2) is GOES_ON
    assert sweep.number == STOP
    assert sweep.looked(0, 1, 0, 0, 100 + FREEZING) is GOES_ON
    assert sweep.number == KILL


def test_whom_the_kernel_keeps_from_forking_are_killed_at_once():
    assert begun(frozen=True).number == KILL


def test_where_nobody_was_the_first_look_is_the_last():
    assert begun().looked(0, 0, 0, 0, 100.0) is NOBODY_IS_LEFT


def test_somebody_who_has_ended_may_have_forked_before():
    sweep = begun(frozen=True)
    assert sweep.looked(0, 0, 0, 1, 100.0) is GOES_ON
    assert sweep.looked(1, 1, 0, 0, 100.1) is GOES_ON
    assert sweep.looked(0, 0, 0, 0, 100.2) is NOBODY_IS_LEFT


def test_on_a_machine_where_something_always_ends_a_few_calm_looks_are_enough():
    sweep = begun(frozen=True)
    outcomes = [sweep.looked(0, 0, 0, 7, 100.0) for _ in range(CALM)]
    assert outcomes == [GOES_ON] * (CALM - 1) + [NOBODY_IS_LEFT]


def test_who_is_found_after_a_calm_look_begins_the_count_anew():
    sweep = begun(frozen=True)
    for _ in range(CALM - 1):
        sweep.looked(0, 0, 0, 7, 100.0)
    sweep.looked(1, 1, 0, 7, 100.0)
    assert sweep.looked(0, 0, 0, 7, 100.0) is GOES_ON


def test_while_anybody_is_new_the_next_look_follows_at_once():
    sweep = begun(frozen=True)
    sweep.looked(1, 1, 0, 0, 100.5)
    assert sweep.next_look == 100.5


def test_those_who_are_dying_are_waited_for():
    sweep = begun(frozen=True)
    sweep.looked(0, 1, 0, 0, 100.5)
    assert sweep.next_look == 100.5 + LOOK_AGAIN
    sweep.hasten(100.51)
    assert sweep.next_look == 100.51
    sweep.hasten(100.6)
    assert sweep.next_look == 100.51


def test_some_cannot_be_killed():
    sweep = begun(frozen=True)
    assert sweep.looked(0, 1, 0, 0, 100 + PATIENCE - 0.1) is GOES_ON
    assert sweep.looked(0, 1, 0, 0, 100 + PATIENCE) is IN_VAIN


@given(
    st.booleans(),
    st.lists(st.tuples(*[st.integers(0, 3)] * 4, st.floats(0, 0.5)), min_size=1),
)
def test_it_ends_in_time_and_never_spins(frozen, looks):
    """Whatever is found: it is over after patience, and looks that bring nothing new are apart once
    the stopping is over."""
    sweep = begun(frozen)
    now = 100.0
    for new, running, stopped, unsettled, lasts in looks:
        now = max(now, sweep.next_look) + lasts
        killing = sweep.number == KILL
        outcome = sweep.looked(new, running, stopped, unsettled, now)
        if outcome is not GOES_ON:
            assert (outcome is NOBODY_IS_LEFT) <= (running == stopped == 0)
            return
        assert now < 100 + PATIENCE
        assert now <= sweep.next_look <= now + LOOK_AGAIN
        assert sweep.number == KILL or now < 100 + FREEZING
        assert not killing or new or sweep.next_look > now
