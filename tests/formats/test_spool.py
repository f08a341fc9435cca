from __future__ import annotations

from binascii import crc32

from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import spool
from supervise.formats.spool import DATA, PLACE, Block, Output, Owner, Point, Record

BOOT, STREAM = bytes(range(16)), bytes(range(16, 32))
OWNER = Owner(BOOT, 0xFE01, 77)
BLOCK = Block(3, 70, b"@4000 ", Point(b"@3fff begun", False))
RECORD = Record(STREAM, BLOCK, True, Output(5, 4096, 99, True), 2, True)

numbers = st.integers(0, 2**64 - 1)
points = st.builds(Point, st.binary(max_size=1000), st.booleans())
blocks = st.builds(
    lambda places, stamp, point: Block(min(places), max(places), stamp, point),
    st.tuples(numbers, numbers),
    st.binary(max_size=26),
    points,
)
outputs = st.builds(Output, numbers, numbers, numbers, st.booleans())
names = st.binary(min_size=16, max_size=16)
records = st.builds(Record, names, blocks, st.booleans(), outputs, numbers, st.booleans())
owners = st.builds(Owner, names, numbers, numbers)


def test_the_layout():
    text = spool.pack(RECORD, OWNER, 8)
    body = (
        b"spl1" + BOOT + bytes.fromhex("000000000000fe01 000000000000004d") + STREAM
        + b"".join(number.to_bytes(8, "big") for number in (8, 3, 70, 5, 4096, 99, 2))
        + b"\x0e" + b"\0\6" + b"\0\x0b" + b"@4000 " + b"@3fff begun"
    )  # fmt: skip
    assert text == body + crc32(body).to_bytes(4, "big")


@given(records, owners, numbers)
def test_records_come_back_from_either_place(record, owner, sequence):
    area = bytearray(DATA)
    text = spool.pack(record, owner, sequence)
    assert len(text) <= PLACE
    area[spool.place(sequence) :][: len(text)] = text
    place = spool.place(sequence)
    area[place : place + len(text)] = text
    assert spool.latest(bytes(area)) == (sequence, record, owner)


@given(records, records, owners, st.integers(0, 2**64 - 2), st.data())
def test_one_that_was_half_written_leaves_the_one_before(before, after, owner, sequence, data):
    area = bytearray(DATA)
    for record, number in ((before, sequence), (after, sequence + 1)):
        text = spool.pack(record, owner, number)
        place = spool.place(number)
        area[place : place + len(text)] = text
    assert spool.latest(bytes(area)) == (sequence + 1, after, owner)
    area[place + data.draw(st.integers(0, len(text) - 1))] ^= data.draw(st.integers(1, 255))
    assert spool.latest(bytes(area)) == (sequence, before, owner)


@given(st.binary(max_size=DATA))
def test_garbage_says_nothing(garbage):
    assert spool.latest(garbage) is None
    assert spool.latest(spool.MAGIC + garbage) is None


def test_a_block_that_ends_before_it_begins_says_nothing():
    wrong = RECORD._replace(block=BLOCK._replace(at=71))
    assert spool.latest(spool.pack(wrong, OWNER, 0)) is None


def test_where_anybody_has_got_to():
    assert spool.furthest([]) == 0
    assert spool.furthest([RECORD, RECORD._replace(block=BLOCK._replace(until=71))]) == 71


def test_what_may_be_a_spool_without_a_record():
    damaged = bytearray(spool.pack(RECORD, OWNER, 1))
    damaged[-1] ^= 1
    for area in (b"", bytes(DATA), bytes(damaged), bytes(PLACE) + bytes(damaged)):
        assert spool.may_be_one(area)
    for area in (b"x", b"mail\n" * 1000, bytes(100) + spool.MAGIC):
        assert not spool.may_be_one(area)
