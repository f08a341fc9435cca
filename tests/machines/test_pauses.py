from __future__ import annotations

from itertools import islice

from supervise.machines import pauses


def test_each_pause_is_twice_the_one_before_up_to_a_bound():
    assert list(islice(pauses.growing(), 7)) == [1, 2, 4, 8, 16, 30, 30]
    assert list(islice(pauses.growing(100, 30), 2)) == [30, 30]
