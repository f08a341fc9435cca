from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import procstat

# Of a process called «a) b (c».
EXAMPLE = (
    b"1234 (a) b (c) S 1 1234 1234 0 -1 4194560 215 0 0 0 0 1 0 0 20 0 1 0 987654 2654208 190 "
    b"18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n"
)


def test_a_name_may_hold_what_separates():
    assert procstat.start_time(EXAMPLE) == 987654


def test_what_is_cut_short_or_no_number_says_nothing():
    assert procstat.start_time(EXAMPLE[:60]) is None
    assert procstat.start_time(EXAMPLE.replace(b"987654", b"soon")) is None


@given(st.binary(max_size=300))
def test_garbage_raises_nothing(garbage):
    found = procstat.start_time(garbage)
    assert found is None or isinstance(found, int)
