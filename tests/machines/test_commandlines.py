from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervise.machines.commandlines import LINE_LIMIT, CommandLines


def lines_of(*chunks: bytes) -> list[bytes]:
    lines, found = CommandLines(), []
    for chunk in chunks:
        lines.add(chunk)
        while (line := lines.next()) is not None:
            found.append(line)
    return found


def test_lines_end_with_a_line_feed():
    assert lines_of(b"one\r\ntwo\n\nthr", b"ee\n", b"unfinished") == [
        b"one\r",
        b"two",
        b"",
        b"three",
    ]


@given(st.lists(st.binary(max_size=10), max_size=10))
def test_lines_are_the_same_however_they_come(chunks):
    assert lines_of(*chunks) == b"".join(chunks).split(b"\n")[:-1]


def test_a_line_that_is_too_long_is_one_line_and_is_not_kept():
    lines = CommandLines()
    for _ in range(50):
        lines.add(b"x" * 65536)
        assert lines.next() is None
        assert len(lines.waiting) <= LINE_LIMIT + 1
    lines.add(b"tail\nNOOP\n")
    assert lines.too_long(lines.next())
    assert lines.next() == b"NOOP"


def test_the_limit_is_the_same_however_a_line_comes():
    for length, too_long in [(LINE_LIMIT, False), (LINE_LIMIT + 1, True)]:
        for chunks in (
            [b"x" * length + b"\nNOOP\n"],
            [b"x" * (length - 1), b"x", b"\n", b"NOOP\n"],
        ):
            first, second = lines_of(*chunks)
            assert CommandLines().too_long(first) is too_long
            assert second == b"NOOP"


def test_data_is_taken_whole_and_the_rest_given_back():
    lines = CommandLines()
    lines.add(b"DATA\r\nhello\r\n.\r\nQUIT\r\n")
    assert lines.next() == b"DATA\r"
    assert lines.take_all() == b"hello\r\n.\r\nQUIT\r\n"
    assert lines.next() is None
    lines.add(b"QUIT\r\n")
    assert lines.next() == b"QUIT\r"


def test_lines_begin_anew_after_data():
    lines = CommandLines()
    lines.add(b"no end")
    assert lines.next() is None
    assert lines.take_all() == b"no end"
    lines.add(b"a\nb\n")
    assert (lines.next(), lines.next()) == (b"a", b"b")
