from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import connrow
from supervise.formats.address import long, short
from supervise.formats.connrow import ACCEPTED, ARRIVED, FREE, SERVED, Row

ips = st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16)).map(short)
rows = st.builds(
    Row,
    st.integers(FREE, SERVED),
    st.floats(0, 10**9),
    ips,
    st.none() | st.binary(min_size=1, max_size=connrow.NAME),
)


@given(rows)
def test_what_was_written_is_read(row):
    packed = connrow.pack(row)
    assert len(packed) == connrow.SIZE
    assert packed[0] == row.stage
    assert connrow.unpack(packed) == row


def test_of_a_long_name_the_beginning_is_kept():
    packed = connrow.pack(Row(SERVED, 0, bytes(4), b"x" * 300))
    assert connrow.unpack(packed).name == b"x" * connrow.NAME


def test_rows_are_where_they_are_and_a_head_is_before_them():
    assert connrow.at(0) >= connrow.HEAD.size
    assert connrow.at(7) == connrow.at(6) + connrow.SIZE


def test_a_free_row_is_nothing_but_zeros():
    assert connrow.reached(ACCEPTED, bytes(3 * connrow.SIZE)) == []


@given(st.lists(rows), st.integers(ACCEPTED, SERVED))
def test_who_has_got_to_a_stage(table, stage):
    packed = b"".join(map(connrow.pack, table))
    assert connrow.reached(stage, packed) == [
        long(row.ip) for row in table if row.stage >= stage
    ]  # fmt: skip


def test_the_stages_follow_each_other():
    assert FREE < ACCEPTED < ARRIVED < SERVED
