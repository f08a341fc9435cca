from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import transcript


def records(chunk):
    return transcript.records(7, transcript.INWARD, chunk)


def test_lines_and_a_piece_without_its_end():
    assert records(b"a\nb\nc") == [b"7 < a \n", b"7 < b \n", b"7 < c+\n"]


def test_an_empty_line_and_the_bytes_kept():
    assert records(b"\nx\r\n\0\xff\n") == [b"7 <  \n", b"7 < x\r \n", b"7 < \0\xff \n"]


def test_the_end_of_the_stream():
    assert transcript.records(12, transcript.OUTWARD, b"") == [b"12 > [EOF]\n"]


@given(st.text("ab \n+", min_size=1).map(str.encode))
def test_the_chunk_can_be_read_back(chunk):
    pieces = [re.fullmatch(rb"7 < (.*)([ +])\n", record).groups() for record in records(chunk)]
    assert b"".join(text + (b"\n" if mark == b" " else b"") for text, mark in pieces) == chunk
    assert all(mark == b" " for _, mark in pieces[:-1])
