from __future__ import annotations

from binascii import crc32
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import handover
from supervise.formats.handover import (
    Adopted,
    Child,
    Held,
    Limit,
    Name,
    Orphan,
    PidFile,
    Record,
    Service,
    Slot,
    Stray,
    Title,
)

STATE: list[Record] = [
    Limit(1024, -1),
    Title(b"svscan /service", b"svscan"),
    PidFile(3, b"/service/.svscan/pid"),
    Name(64, 11, b"smtpd"),
    Service(64, 11, True, False, True, False, True, 5, 6),
    Slot(64, 11, "main", False, 1_500_000_000, 0),
    Slot(64, 11, "log", True, 0, 3),
    Child(64, 11, "main", 4711, 7, b"smtpd"),
    Orphan(64, 11, "log", 4713, None, False, 256),
    Service(64, 12, False, False, False, False, False, None, None),
    Slot(64, 12, "main", False, 0, 0),
    Adopted(64, 12, "main", 4714, 8, 9, 10, b"clock"),
    Held(64, 11, "main", 11, 12),
    Stray(4715, 64, 11, "main"),
]
LINES = b"""\
svscan handover 1
limit 1024 -1
title 73767363616e202f73657276696365 73767363616e
pidfile 3 2f736572766963652f2e73767363616e2f706964
name 64 11 736d747064
service 64 11 1 0 1 0 1 5 6
slot 64 11 main 0 1500000000 0
slot 64 11 log 1 0 3
child 64 11 main 4711 7 736d747064
orphan 64 11 log 4713 - 0 256
service 64 12 0 0 0 0 0 - -
slot 64 12 main 0 0 0
adopted 64 12 main 4714 8 9 10 636c6f636b
held 64 11 main 11 12
stray 4715 64 11 main
"""


def summed(lines: bytes) -> bytes:
    return lines + b"end %08x\n" % crc32(lines)


def test_the_layout():
    assert handover.pack(STATE) == summed(LINES)
    assert handover.unpack(summed(LINES)) == STATE
    assert handover.descriptors(STATE) == [3, 5, 6, 7, 8, 9, 10, 12, 11]


numbers = st.integers(0, 2**64 - 1)
texts = st.binary(max_size=20)
truths = st.booleans()


@st.composite
def states(draw: st.DrawFn) -> list[Record]:
    descriptors, pids = count(3), count(draw(st.integers(1, 100)))

    def maybe(numbers: count[int]) -> int | None:
        return next(numbers) if draw(truths) else None

    limits = st.integers(-1, 2**63)
    state: list[Record] = [Limit(draw(limits), draw(limits)), Title(draw(texts), draw(texts))]
    if draw(truths):
        state.append(PidFile(next(descriptors), draw(texts)))
    for identity in draw(st.lists(st.tuples(numbers, numbers), unique=True, max_size=5)):
        state += [Name(*identity, name) for name in draw(st.lists(texts, max_size=2))]
        is_so = [draw(truths) for _ in range(5)]
        state.append(Service(*identity, *is_so, maybe(descriptors), maybe(descriptors)))
        for role in ("main", "log") if draw(truths) else ("main",):
            owner = (*identity, role)
            state.append(Slot(*owner, draw(truths), draw(numbers), draw(numbers)))
            ends = [next(descriptors) for _ in range(3)]
            orphan = (maybe(descriptors), draw(truths), draw(st.none() | st.integers(0, 65535)))
            state += {
                "child": [Child(*owner, next(pids), ends[0], draw(texts))],
                "adopted": [Adopted(*owner, next(pids), *ends, draw(texts))],
                "orphan": [Orphan(*owner, next(pids), *orphan)],
                "nobody": [],
            }[draw(st.sampled_from(["child", "adopted", "orphan", "nobody"]))]
            state += [Held(*owner, *ends[1:])] * (type(state[-1]) is Child)
            state += [Stray(next(pids), *owner)] * draw(truths)
    return state


@given(states())
def test_states_come_back(state):
    assert handover.unpack(handover.pack(state)) == state


@given(states(), st.data())
def test_a_damaged_state_is_refused(state, data):
    packed = bytearray(handover.pack(state))
    at = data.draw(st.integers(0, len(packed) - 1))
    packed[at] ^= data.draw(st.integers(1, 255))
    assert handover.unpack(bytes(packed)) is None


@given(states(), st.data())
def test_a_state_that_is_cut_off_is_refused(state, data):
    packed = handover.pack(state)
    assert handover.unpack(packed[: data.draw(st.integers(0, len(packed) - 1))]) is None


@given(st.binary(max_size=200))
def test_garbage_is_refused(garbage):
    assert handover.unpack(garbage) is None
    assert handover.unpack(summed(garbage)) is None


@given(st.lists(st.sampled_from(LINES.split(b"\n")), max_size=20))
def test_lines_in_any_number_are_a_state_or_none(lines):
    """No exception, and what is taken says the same again."""
    packed = summed(b"\n".join([b"svscan handover 1", *lines, b""]))
    found = handover.unpack(packed)
    assert found is None or handover.pack(found) == packed


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"handover 1\n", b"handover 2\n"),
        (b"limit 1024 -1\n", b""),
        (b"limit 1024 -1\n", b"limit 1024 -1\nlimit 1024 -1\n"),
        (b"limit 1024 -1", b"limit 1024 -2"),
        (b"limit 1024 -1", b"limit 1024"),
        (b"limit 1024 -1", b"limit 1024 -1 0"),
        (b"limit 1024 -1", b"limit  1024 -1"),
        (b"limit 1024", b"limit 100000000000000000000"),
        (b"limit", b"border"),
        (b"name 64 11 73", b"name 64 11 7"),
        (b"636c6f636b", b"636C6F636B"),
        (b"636c6f636b", b"636c6f\xff36b"),
        (b"service 64 12 0", b"service 64 12 2"),
        (b"service 64 12 0 0 0 0 0 - -\n", b""),
        (b"slot 64 12 main 0 0 0\n", b""),
        (b"slot 64 11 main 0 1500000000 0\n", b""),
        (b"slot 64 11 log", b"slot 64 11 ear"),
        (b"slot 64 11 log", b"slot 64 11 main"),
        (b"main 4711 7", b"main 0 7"),
        (b"main 4711 7", b"main 4711 2"),
        (b"main 4711 7", b"main 4711 6"),
        (b"main 4711 7", b"main 4711 2147483648"),
        (b"main 4711 7", b"main 4711 -"),
        (b"stray 4715", b"stray 4711"),
        (b"adopted 64 12", b"adopted 64 13"),
        (b"orphan 64 11 log", b"orphan 64 12 log"),
        (b"held 64 11 main", b"held 64 13 main"),
        (b"held 64 11 main 11", b"held 64 11 main 10"),
    ],
)
def test_nonsense_is_refused(old, new):
    assert old in LINES
    assert handover.unpack(summed(LINES.replace(old, new, 1))) is None


def test_what_is_understood_is_said_of_this_very_state():
    assert handover.understood(b"") == b"svscan: understood 00000000"
    assert handover.understood(b"x") != handover.understood(b"y")
