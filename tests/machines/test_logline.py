from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervise.machines.logline import LINE, Lines, Segment

STAMP = b"@400000000000000000000000 "
LONG = st.builds(lambda size: b"x" * size, st.integers(900, 2500))
STREAM = st.lists(st.one_of(st.sampled_from([b"", b"a", b"bc"]), LONG), max_size=8).map(b"\n".join)
SIZES = st.lists(st.sampled_from([1, 2, 7, 999, 1000, 1001, 1024, 5000]), min_size=1, max_size=9)


def blocks(stream: bytes, sizes: list[int]) -> list[bytes]:
    cut = []
    while stream:
        size = sizes[len(cut) % len(sizes)]
        cut.append(stream[:size])
        stream = stream[size:]
    return cut


@given(STREAM, SIZES, st.sampled_from([b"", STAMP]))
def test_nothing_is_lost_and_lines_are_judged_alike_however_they_come(stream, sizes, stamp):
    lines = Lines()
    segments = []
    for block in blocks(stream, sizes):
        room = lines.bound(block, stamp)
        taken = lines.take(block, stamp)
        assert sum(len(segment.text) for segment in taken) <= room
        segments += taken
    segments += lines.end()
    expected = stream + b"\n" * (bool(stream) and not stream.endswith(b"\n"))
    whole = b"".join(stamp + line for line in expected.splitlines(keepends=True))
    assert b"".join(segment.text for segment in segments) == whole
    assert not lines.midline
    for kind, text in segments:
        if kind == "lines":
            assert text.endswith(b"\n")
            assert max(len(line) for line in text.split(b"\n")) <= LINE
        elif kind == "head":
            assert len(text) == LINE
            assert b"\n" not in text


def test_a_line_is_stamped_when_its_first_byte_comes():
    lines = Lines()
    assert lines.take(b"a\nb", b"1 ") == [Segment("lines", b"1 a\n")]
    assert lines.take(b"c\n\n", b"2 ") == [Segment("lines", b"1 bc\n2 \n")]


def test_a_line_is_handed_out_as_soon_as_it_is_too_long():
    lines = Lines()
    assert lines.take(b"x" * 999) == []
    assert lines.take(b"yz") == [Segment("head", b"x" * 999 + b"y"), Segment("tail", b"z")]
    assert lines.midline
    assert lines.take(b"more\nnext\n") == [Segment("tail", b"more\n"), Segment("lines", b"next\n")]
    assert not lines.midline


def test_a_line_of_1000_bytes_is_no_long_line():
    line = b"x" * 1000 + b"\n"
    assert Lines().take(line) == [Segment("lines", line)]
    assert Lines().take(b"x" + line) == [Segment("head", line[:-1]), Segment("tail", b"x\n")]


def test_an_incomplete_line_gets_its_newline_at_the_end():
    lines = Lines()
    assert lines.end() == []
    lines.take(b"half")
    assert lines.end() == [Segment("lines", b"half\n")]


def test_a_portion_is_many_reads_while_there_is_room_and_then_one():
    lines = Lines()
    block = b"0123456789012345678901234567890\n" * 2048
    assert lines.portion(block, b"", 65537) == 65536
    assert lines.portion(block, b"", 65536) == 65536 - 1024
    assert lines.portion(block, b"", 30000) == 29 * 1024
    assert lines.portion(block, b"", 1024) == 1024
    assert lines.portion(block, b"", 0) == 1024
    assert lines.portion(block, STAMP, 30000) == 16 * 1024
