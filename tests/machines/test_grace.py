from __future__ import annotations

import pytest

from supervise.machines.grace import Grace


def test_it_does_not_begin_by_itself():
    grace = Grace(0)
    assert not grace.begun
    assert not grace.over(now=10.0**9, connections=0)


@pytest.mark.parametrize(
    ("now", "connections", "over"),
    [(100, 1, False), (109.9, 7, False), (110, 1, True), (1000, 1, True), (100, 0, True)],
)
def test_it_is_over_with_the_last_connection_or_the_time(now, connections, over):
    grace = Grace(10)
    grace.begin(now=100)
    assert (grace.begun, grace.until) == (True, 110)
    assert grace.over(now, connections) == over


def test_no_time_is_over_at_once():
    grace = Grace(0)
    grace.begin(now=5)
    assert grace.over(now=5, connections=3)
