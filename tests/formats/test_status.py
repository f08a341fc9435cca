from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import status, tai64
from supervise.formats.status import DOWN, ONCE, UP, Status
from supervise.formats.tai64 import EPOCH, Tai64n

# Read from a status file that the original wrote.
EXAMPLE = bytes.fromhex("40 00 00 00 6b 02 eb a3 06 05 b5 bc 4c 2c 00 00 00 75")
EXAMPLE_STATUS = Status(Tai64n(0x400000006B02EBA3, 0x0605B5BC), 0x2C4C, False, UP)

NOW = Tai64n(EPOCH + 1_700_000_005, 0)
SINCE = Tai64n(EPOCH + 1_700_000_000, 999_999_500)

moments = st.builds(Tai64n, st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1))
wants = st.sampled_from([UP, DOWN, ONCE])
running = st.builds(Status, moments, st.integers(1, 2**32 - 1), st.booleans(), wants)
down = st.builds(Status, moments, st.none(), st.just(False), wants)


def test_the_worked_example():
    assert status.unpack(EXAMPLE) == EXAMPLE_STATUS
    assert status.pack(EXAMPLE_STATUS) == EXAMPLE


def test_the_pid_is_little_endian_beside_a_big_endian_stamp():
    record = status.pack(Status(Tai64n(1, 2), 3, True, DOWN))
    assert record == struct.pack(">QI", 1, 2) + struct.pack("<I", 3) + b"\x01d"


def test_once_is_a_nul_and_not_a_letter():
    assert status.pack(EXAMPLE_STATUS._replace(want=ONCE))[17:] == b"\0"


def test_paused_is_0_while_there_is_no_pid():
    assert status.pack(Status(SINCE, None, True, UP))[12:] == b"\0\0\0\0\0u"


@given(running | down)
def test_records_come_back(record):
    assert len(status.pack(record)) == status.SIZE == 18
    assert status.unpack(status.pack(record)) == record


@given(running | down, st.binary(max_size=30))
def test_the_longer_records_of_relatives_begin_the_same_way(record, rest):
    assert status.unpack(status.pack(record) + rest) == record


@pytest.mark.parametrize("size", range(18))
def test_a_record_that_is_too_short(size):
    with pytest.raises(ValueError, match=r"^b'"):
        status.unpack(EXAMPLE[:size])


@given(st.binary(min_size=18, max_size=40), st.booleans())
def test_garbage_can_be_described(record, normally_up):
    words = status.describe(status.unpack(record), NOW, normally_up)
    assert words.startswith(("up (pid ", "down "))
    assert " seconds" in words


# The complete matrix of svstat: pid, whether there is a file called down, paused, want.
MATRIX = [
    (None, False, (False, True), (ONCE, DOWN), "down 5 seconds, normally up"),
    (None, False, (False, True), (UP,), "down 5 seconds, normally up, want up"),
    (None, True, (False, True), (ONCE, DOWN), "down 5 seconds"),
    (None, True, (False, True), (UP,), "down 5 seconds, want up"),
    (4242, False, (False,), (ONCE, UP), "up (pid 4242) 5 seconds"),
    (4242, False, (False,), (DOWN,), "up (pid 4242) 5 seconds, want down"),
    (4242, False, (True,), (ONCE, UP), "up (pid 4242) 5 seconds, paused"),
    (4242, False, (True,), (DOWN,), "up (pid 4242) 5 seconds, paused, want down"),
    (4242, True, (False,), (ONCE, UP), "up (pid 4242) 5 seconds, normally down"),
    (4242, True, (False,), (DOWN,), "up (pid 4242) 5 seconds, normally down, want down"),
    (4242, True, (True,), (ONCE, UP), "up (pid 4242) 5 seconds, normally down, paused"),
    (4242, True, (True,), (DOWN,), "up (pid 4242) 5 seconds, normally down, paused, want down"),
]
CASES = [
    (Status(SINCE, pid, paused, want), not down_file, words)
    for pid, down_file, pauses, wanted, words in MATRIX
    for paused in pauses
    for want in wanted
]


def test_the_matrix_is_complete():
    assert len({(record[1:], up) for record, up, _ in CASES}) == 2 * 2 * 2 * 3


@pytest.mark.parametrize(("record", "normally_up", "words"), CASES)
def test_the_matrix_of_svstat(record, normally_up, words):
    assert status.describe(record, NOW, normally_up) == words


@pytest.mark.parametrize(
    ("now", "age"),
    [
        (Tai64n(SINCE.seconds + 1, 0), 1),  # the stamp's nanoseconds do not count
        (Tai64n(SINCE.seconds, 999_999_999), 0),
        (Tai64n(SINCE.seconds - 100, 0), 0),  # a stamp in the future
    ],
)
def test_whole_seconds_never_singular_never_negative(now, age):
    record = Status(SINCE, 1, False, UP)
    assert status.describe(record, now, True) == f"up (pid 1) {age} seconds"


@given(running | down)
def test_age_is_the_difference_of_the_seconds(record):
    later = tai64.Tai64n(record.since.seconds + 7, 0)
    assert " 7 seconds" in status.describe(record, later, True)


def test_a_great_age_is_counted_in_floating_point_as_ever():
    record = Status(Tai64n(0, 0), None, False, UP)
    now = Tai64n(4611686020222957895, 0)
    assert status.describe(record, now, False) == "down 4611686020222957568 seconds, want up"
