from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import timeouts


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("2+58", 2, 58),
        ("5", 5, 0),
        ("+60", 0, 60),
        ("5+", 5, 0),
        ("", 0, 0),
        ("junk", 0, 0),
        ("5x+3", 5, 0),
        ("5+3x", 5, 3),
        ("5++3", 5, 0),
        ("-1", 0, 0),
        ("18446744073709551617+1", 1, 1),
    ],
)
def test_two_times(text, first, second):
    assert timeouts.parse(text) == (first, second)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_what_was_written_is_read(first, second):
    assert timeouts.parse(f"{first}+{second}") == (first, second)
