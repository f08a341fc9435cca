from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervise.formats.syslog import ALERT, INFO, WARNING
from supervise.machines.syslogentries import ROOM, Entries, Entry


def entries(*blocks):
    """All entries; the stamps count the blocks from 1."""
    machine = Entries()
    made = []
    for number, block in enumerate(blocks, 1):
        made += machine.take(block, b"%d" % number)
    return made + machine.end()


def test_a_line_is_an_entry():
    assert entries(b"one\nalert: two\nwarning: three\n") == [
        Entry(INFO, b"1 one"),
        Entry(ALERT, b"1 alert: two"),
        Entry(WARNING, b"1 warning: three"),
    ]


def test_empty_lines_are_none():
    assert entries(b"\n\n", b"\none\n\n") == [Entry(INFO, b"2 one")]


def test_a_line_in_pieces_has_the_stamp_of_the_first_and_its_level():
    assert entries(b"ale", b"", b"rt: x\ny", b"z") == [
        Entry(ALERT, b"1 alert: x"),
        Entry(INFO, b"3 yz"),
    ]


def test_a_line_is_not_made_known_before_its_end():
    machine = Entries()
    assert machine.take(b"x" * ROOM, b"1") == []
    assert machine.take(b"\n", b"2") == [Entry(INFO, b"1 " + b"x" * ROOM)]


def test_a_long_line_is_several_entries_of_one_stamp_and_level():
    line = b"warning: " + b"x" * (2 * ROOM)
    assert entries(line[:900], line[900:] + b"\nalert: y\n") == [
        Entry(WARNING, b"1 " + line[:ROOM]),
        Entry(WARNING, b"1+" + line[ROOM : 2 * ROOM]),
        Entry(WARNING, b"1+" + line[2 * ROOM :]),
        Entry(ALERT, b"2 alert: y"),
    ]


def test_unprintable_bytes():
    assert entries(b"a\0\xff\t\r\n") == [Entry(INFO, b"1 a????")]


@given(st.lists(st.sampled_from([b"\n", b"a", b"alert:", b"x" * 400, b"y" * ROOM, b""])))
def test_pieces_make_no_difference(blocks):
    def of(*given_blocks):
        machine = Entries()
        return [
            entry for block in given_blocks for entry in machine.take(block, b"T")
        ] + machine.end()

    assert of(*blocks) == of(b"".join(blocks))
