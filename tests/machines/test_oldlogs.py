from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import tai64
from supervise.machines.oldlogs import Labels, old, surplus

A, B, C = (b"@" + letter * 24 + b".s" for letter in (b"a", b"b", b"c"))


@given(st.lists(st.integers(0, 5 * 10**9), min_size=1))
def test_labels_grow_whatever_the_clock_does(times):
    labels = Labels()
    given = [labels.next(tai64.from_unix(time)) for time in times]
    assert given == sorted(set(given))
    assert given[0] == tai64.from_unix(times[0])
    assert all(label.nanoseconds % 1000 == 500 for label in given)


@given(st.lists(st.integers(0, 5 * 10**9)), st.integers(0, 5 * 10**9))
def test_labels_grow_from_those_that_are_there(there, time):
    names = [tai64.label(tai64.from_unix(each)) + b".s" for each in there]
    label = tai64.label(Labels([b"state", *names]).next(tai64.from_unix(time)))
    assert all(label > name[:25] for name in names)
    if time > max(there, default=0) + 1000:
        assert label == tai64.label(tai64.from_unix(time))


@pytest.mark.parametrize(
    "name", [b"current", b"@" + b"z" * 25, b"@8" + b"0" * 23, b"@" + b"f" * 24]
)
def test_what_no_clock_can_show_is_not_grown_from(name):
    now = tai64.from_unix(5)
    assert Labels([name]).next(now) == now


def test_what_counts_as_old():
    assert old([b"current", b"@short", A, b"x" * 25, b"@" + b"z" * 24]) == [A, b"@" + b"z" * 24]


def test_one_fewer_than_the_number_remain():
    assert surplus([C, A, b"state", B], 2) == [A, B]
    assert surplus([C, A, B], 3) == [A]
    assert surplus([C, A, B], 4) == []


def test_the_first_listed_of_one_label_goes_first():
    unfinished = A.replace(b".s", b".u")
    assert surplus([unfinished, A, B], 3) == [unfinished]
