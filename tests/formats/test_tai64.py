from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import tai64
from supervise.formats.tai64 import EPOCH, Tai64n

# The worked example of the originals' documentation.
EXAMPLE = b"@4000000037c219bf2ef02e94"
EXAMPLE_MOMENT = Tai64n(EPOCH + 935467445, 787492500)

moments = st.builds(Tai64n, st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1))


def test_the_epoch_is_fixed():
    assert EPOCH == 4611686018427387914


def test_the_worked_example():
    assert tai64.parse(EXAMPLE) == EXAMPLE_MOMENT
    assert tai64.label(EXAMPLE_MOMENT) == EXAMPLE
    assert tai64.to_unix(EXAMPLE_MOMENT) == 935467445_787492500


def test_a_packed_label_is_big_endian():
    assert tai64.pack(EXAMPLE_MOMENT) == bytes.fromhex("4000000037c219bf2ef02e94")


def test_microseconds_are_kept_and_500_nanoseconds_added():
    assert tai64.from_unix(935467445_787492001) == EXAMPLE_MOMENT
    assert tai64.from_unix(935467445_787492999) == EXAMPLE_MOMENT
    assert tai64.from_unix(1_000_000_000) == Tai64n(EPOCH + 1, 500)


def test_a_time_before_1970():
    assert tai64.from_unix(-1) == Tai64n(EPOCH - 1, 999_999_500)


@given(moments)
def test_labels_come_back(moment):
    assert tai64.unpack(tai64.pack(moment)) == moment
    assert tai64.parse(tai64.label(moment)) == moment
    assert len(tai64.label(moment)) == tai64.LABEL_SIZE


@given(st.integers(-(2**61), 2**61))
def test_a_time_comes_back_to_the_microsecond(unix):
    assert 0 <= abs(tai64.to_unix(tai64.from_unix(unix)) - unix) <= 999
    assert tai64.from_unix(tai64.to_unix(tai64.from_unix(unix))) == tai64.from_unix(unix)


@given(moments, moments)
def test_labels_sort_as_time_does(one, other):
    assert (tai64.label(one) < tai64.label(other)) == (one < other)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        EXAMPLE[1:],
        EXAMPLE[:-1],
        EXAMPLE + b"0",
        EXAMPLE + b"\n",
        EXAMPLE.upper(),
        b"@4000000037c219bf2ef02e9g",
        b"@40000000 37c219bf 2ef02e",  # what bytes.fromhex would skip
        b"@4000000037c219bf2ef02e9\xe9",
        b"#" + EXAMPLE[1:],
    ],
)
def test_what_is_no_label(text):
    with pytest.raises(ValueError, match=r"^b['\"]"):
        tai64.parse(text)


@given(st.binary(max_size=30) | st.binary(min_size=24, max_size=24).map(b"@".__add__))
def test_garbage_is_a_label_or_a_value_error(text):
    try:
        moment = tai64.parse(text)
    except ValueError:
        return
    assert tai64.label(moment) == text
