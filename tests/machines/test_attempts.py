from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervise.formats.timeouts import Timeouts
from supervise.machines.attempts import Attempt, Attempts


def test_one_address_has_both_times_at_once():
    attempts = Attempts(1, Timeouts(2, 58))
    only = attempts.next()
    assert only == Attempt(0, 60, again=False)
    assert attempts.timed_out(only)
    assert attempts.next() is None


def test_several_have_the_second_time_when_all_had_the_first():
    attempts = Attempts(3, Timeouts(2, 58))
    tried = [attempts.next() for _ in range(3)]
    assert tried == [Attempt(number, 2, again=True) for number in (0, 1, 2)]
    assert not attempts.timed_out(tried[0])
    assert not attempts.timed_out(tried[2])
    again = [attempts.next(), attempts.next()]
    assert again == [Attempt(number, 58, again=False) for number in (0, 2)]
    assert all(map(attempts.timed_out, again))
    assert attempts.next() is None


def test_without_a_second_time_the_first_is_the_last():
    attempts = Attempts(2, Timeouts(5, 0))
    first = attempts.next()
    assert first == Attempt(0, 5, again=False)
    assert attempts.timed_out(first)
    assert attempts.next() == Attempt(1, 5, again=False)
    assert attempts.next() is None


def test_nothing_to_try():
    assert Attempts(0, Timeouts(2, 58)).next() is None


@given(st.lists(st.booleans(), max_size=6), st.integers(0, 9), st.integers(0, 9))
def test_each_address_has_its_last_word_once(late, first, second):
    attempts = Attempts(len(late), Timeouts(first, second))
    ended, waited = [], 0
    while attempt := attempts.next():
        waited += attempt.patience
        if not late[attempt.number] or attempts.timed_out(attempt):
            ended.append(attempt.number)
    assert sorted(ended) == list(range(len(late)))
    assert waited <= len(late) * (first + second)
