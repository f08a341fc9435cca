from __future__ import annotations

from binascii import crc32

from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import adoption
from supervise.formats.adoption import Birth, File, Memory
from supervise.formats.status import DOWN, ONCE, UP, Status
from supervise.formats.tai64 import EPOCH, Tai64n

BOOT = bytes(range(16))
MEMORY = Memory(Status(Tai64n(EPOCH, 500), 7, True, DOWN), 1.5, False, True)
BIRTH = Birth(BOOT, 987654)
FILE = File(0xFE01, 77)

births = st.builds(Birth, st.binary(min_size=16, max_size=16), st.integers(0, 2**64 - 1))
files = st.builds(File, st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
statuses = st.builds(
    Status,
    st.builds(Tai64n, st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1)),
    st.none() | st.integers(1, adoption.HIGHEST_PID),
    st.booleans(),
    st.sampled_from([UP, DOWN, ONCE]),
)
times = st.floats(allow_nan=False, allow_infinity=False)
memories = st.builds(Memory, statuses, times, *[st.booleans()] * 4)


def test_the_layout():
    record = adoption.pack(MEMORY, BIRTH, FILE)
    body = (
        b"sv1\n" + BOOT + bytes.fromhex("000000000000fe01 000000000000004d")
        + (987654).to_bytes(8, "big") + bytes.fromhex("3ff8000000000000")
        + b"\0\0\0\7" + bytes.fromhex("400000000000000a000001f4") + b"d" + b"\5"
    )  # fmt: skip
    assert record == body + crc32(body).to_bytes(4, "big")
    told = adoption.pack(MEMORY._replace(stopping=True, draining=True), BIRTH, FILE)
    assert told[69] == record[69] | 8 | 16
    assert len(record) == adoption.SIZE == 74


@given(memories, births, files)
def test_records_come_back(memory, birth, file):
    assert adoption.unpack(adoption.pack(memory, birth, file)) == (memory, birth, file)


@given(memories, births, files, st.data())
def test_a_damaged_record_says_nothing(memory, birth, file, data):
    record = bytearray(adoption.pack(memory, birth, file))
    at = data.draw(st.integers(0, len(record) - 1))
    record[at] ^= data.draw(st.integers(1, 255))
    assert adoption.unpack(bytes(record)) is None


@given(st.binary(max_size=100))
def test_garbage_says_nothing(garbage):
    assert adoption.unpack(garbage) is None


def test_what_fits_its_sum_and_is_nonsense_says_nothing():
    record = adoption.pack(MEMORY, BIRTH, FILE)
    for wrong in (record.replace(b"sv1", b"sv2"), record[:68] + b"z" + record[69:]):
        body = wrong[: adoption.BODY.size]
        assert adoption.unpack(body + adoption.SUM.pack(crc32(body))) is None
    endless = adoption.pack(MEMORY._replace(started_at=float("inf")), BIRTH, FILE)
    assert adoption.unpack(endless) is None
    nobody = MEMORY._replace(status=MEMORY.status._replace(pid=2**31))
    assert adoption.unpack(adoption.pack(nobody, BIRTH, FILE)) is None


def test_nothing_is_kept():
    assert adoption.unpack(adoption.NOTHING) is None


def test_the_kernels_boot_id():
    assert adoption.boot_id(b"00010203-0405-0607-0809-0a0b0c0d0e0f\n") == BOOT
    assert adoption.boot_id(b"00010203\n") is None
    assert adoption.boot_id(b"\xff") is None
