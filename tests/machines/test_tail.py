from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervise.machines.tail import Tail


def row(*blocks, room=5):
    tail = Tail(room)
    for block in blocks:
        tail.take(block)
    return tail.row


def test_dots_make_way_for_what_comes():
    assert row() == b"....."
    assert row(b"ab") == b"...ab"
    assert row(b"ab", b"\ncd") == b"ab\ncd"
    assert row(b"abcd", b"ef") == b"bcdef"
    assert row(b"abcdefgh") == b"defgh"


def test_nul_is_left_out():
    assert row(b"a\0\0b\0") == b"...ab"


@given(st.integers(2, 9), st.lists(st.text("ab\n\0").map(str.encode)))
def test_pieces_make_no_difference(room, blocks):
    whole = b"".join(blocks).replace(b"\0", b"")
    assert row(*blocks, room=room) == (b"." * room + whole)[-room:]
