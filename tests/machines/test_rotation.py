from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervise.machines.logline import Segment
from supervise.machines.rotation import BUFFER, MARGIN, Rotation, joined, writes

CHUNKS = st.lists(
    st.builds(
        lambda text, times: text * times,
        st.sampled_from([b"x", b"\n", b"0123456789\n", b"ab\n\ncd"]),
        st.integers(1, 600),
    ),
    max_size=30,
)
LIMITS = st.integers(4096, 6000)


def files(chunks: list[bytes], limit: int, size: int = 0, writable: int = 10**9) -> list[bytes]:
    """What the files hold when the kernel takes at most so many bytes at once."""
    rotation, ended = Rotation(limit, size), [b""]

    def rotate() -> None:
        rotation.begin()
        ended.append(b"")

    for chunk in chunks:
        while chunk:
            if rotation.full:
                rotate()
            piece = rotation.piece(chunk)[:writable]
            assert piece
            ended[-1] += piece
            chunk = chunk[len(piece) :]
            if rotation.wrote(piece):
                rotate()
    return ended


@given(CHUNKS, LIMITS, st.sampled_from([10**9, 100, 1]))
def test_no_file_is_too_long_and_none_ends_early(chunks, limit, writable):
    ended = files(chunks, limit, writable=writable)
    assert b"".join(ended) == b"".join(chunks)
    for file in ended[:-1]:
        assert limit - MARGIN <= len(file) <= limit
        assert file.endswith(b"\n") or len(file) == limit


def test_a_file_ends_at_the_last_newline_of_the_write_that_comes_near_the_limit():
    assert [len(file) for file in files([b"x" * 99 + b"\n"] * 30, 4096)] == [2100, 900]
    assert [len(file) for file in files([(b"x" * 99 + b"\n") * 30 + b"y"], 4096)] == [3000, 1]


def test_near_the_limit_is_within_2000_bytes():
    assert [len(file) for file in files([b"x" * 2094 + b"\n", b"\n", b"y"], 4096)] == [2096, 1]


def test_a_line_longer_than_a_file_is_cut_at_the_limit():
    assert [len(file) for file in files([b"a" * 20000], 4096)] == [4096, 4096, 4096, 4096, 3616]


def test_a_file_that_was_too_long_already_is_ended_first():
    assert files([b"new\n"], 4096, size=5000) == [b"", b"new\n"]


@given(CHUNKS, LIMITS)
def test_within_the_room_pieces_do_not_matter(chunks, limit):
    rotation = Rotation(limit)
    text = b"".join(chunks)[: rotation.room]
    assert rotation.piece(text) == text
    assert not rotation.wrote(text)
    assert rotation.room == limit - MARGIN - 1 - len(text)


def lines(*texts: bytes) -> Segment:
    return Segment("lines", b"".join(text + b"\n" for text in texts))


def test_the_buffer_is_written_when_the_next_part_does_not_fit():
    assert [len(write) for write in writes([lines(b"x" * 300, b"y" * 300)])] == [301, 301]
    assert [len(write) for write in writes([lines(b"x" * 512)])] == [512, 1]
    assert [len(write) for write in writes([lines(b"x", b"y" * 513, b"z")])] == [2, 513, 3]


def test_a_tail_fills_the_buffer_byte_by_byte():
    segments = [Segment("head", b"h" * 1000), Segment("tail", b"t" * 700 + b"\n"), lines(b"n")]
    assert [len(write) for write in writes(segments)] == [1000, 512, 191]


@given(st.lists(st.binary(max_size=700).map(lambda text: text.replace(b"\n", b"")), max_size=20))
def test_writes_are_all_that_came(texts):
    if texts:
        handed = list(writes([lines(*texts)]))
        assert b"".join(handed) == joined([lines(*texts)])
        assert all(0 < len(write) <= BUFFER or b"\n" not in write for write in handed)
