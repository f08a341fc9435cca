from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5), ("016", 16), ("5x", 5), ("x", 0), ("", 0), ("-1", 0), (" 1", 0), ("٣", 0),
        ("18446744073709551616", 0), ("99999999999999999999999", 200376420520689663),
    ],
)  # fmt: skip
def test_numbers_of_options(text, value):
    assert number.leading(text) == value


@given(st.text(max_size=30))
def test_any_text_is_some_number(text):
    assert 0 <= number.leading(text) < 2**64


def test_a_number_of_any_length_is_read():
    assert number.leading("9" * 100000) < 2**64


@pytest.mark.parametrize(
    ("text", "port"),
    [("25", 25), ("70000", 4464), ("4294967297", 1), ("", 0), ("80x", None), ("smtp", None)],
)
def test_ports(text, port):
    assert number.port(text) == port


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5), ("016", 16), ("", 0), ("18446744073709551616", 0), ("5x", None), ("-1", None),
        ("+1", None), (" 1", None), ("1\n", None), ("0x1", None), ("٣", None), ("=", None),
    ],
)  # fmt: skip
def test_numbers_that_stand_alone(text, value):
    assert number.whole(text) == value
