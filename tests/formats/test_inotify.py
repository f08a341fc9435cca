from __future__ import annotations

import ctypes
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import inotify
from supervise.formats.inotify import CREATE, DELETE, OVERFLOW, Event


def packed(event: Event, padding: int = 0) -> bytes:
    """The kernel's own bytes: it pads the name with NULs, to whatever length it likes."""
    name = event.name + b"\0" * (padding + 1) if event.name else b""
    return struct.pack("=iIII", event.watch, event.mask, 0, len(name)) + name


names = st.binary(max_size=255).map(lambda name: name.replace(b"\0", b"").replace(b"/", b""))
events = st.builds(Event, st.integers(-1, 2**31 - 1), st.integers(0, 2**32 - 1), names)


def test_the_header_is_the_kernel_s():
    class Header(ctypes.Structure):
        _fields_ = (
            ("wd", ctypes.c_int),
            ("mask", ctypes.c_uint32),
            ("cookie", ctypes.c_uint32),
            ("len", ctypes.c_uint32),
        )

    assert inotify.HEADER.size == ctypes.sizeof(Header) == 16


def test_two_events_of_one_read():
    block = packed(Event(1, CREATE, b"smtpd"), padding=10) + packed(Event(2, DELETE, b"log"))
    assert inotify.unpack(block) == [Event(1, CREATE, b"smtpd"), Event(2, DELETE, b"log")]


def test_lost_events_have_no_watch_and_no_name():
    assert inotify.unpack(packed(Event(-1, OVERFLOW, b""))) == [Event(-1, OVERFLOW, b"")]


def test_nothing():
    assert inotify.unpack(b"") == []


@given(st.lists(st.tuples(events, st.integers(0, 20))))
def test_events_come_back(sent):
    block = b"".join(packed(event, padding) for event, padding in sent)
    assert inotify.unpack(block) == [event for event, _ in sent]


@given(st.binary(max_size=200))
def test_garbage_ends(block):
    assert len(inotify.unpack(block)) <= len(block) // inotify.HEADER.size


@pytest.mark.parametrize("size", range(inotify.HEADER.size))
def test_less_than_a_header_is_no_event(size):
    assert inotify.unpack(packed(Event(1, CREATE, b""))[:size]) == []
