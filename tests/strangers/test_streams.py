"""Streams of strangers: whatever the pieces in which they come, the same comes of them, and little
of them is kept."""

from __future__ import annotations

import gc
import tracemalloc

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.incremental import END, STREAMS, Stream, outcome
from tests.support.oracle import CASES, SECONDS_FOR_A_CASE
from tests.support.strangers import grown

STREAMING_CASES = max(1, CASES // 15)
PIECE, PIECES = 4096, 40

rows = pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
patient = pytest.mark.timeout(20 + CASES * SECONDS_FOR_A_CASE)


def cut(wire: bytes, places: list[int]) -> list[bytes]:
    cuts = sorted(place % (len(wire) + 1) for place in places)
    return [wire[a:b] for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True)]


@patient
@rows
def test_the_pieces_make_no_difference(stream):
    @settings(max_examples=CASES, suppress_health_check=[HealthCheck.too_slow])
    @given(stream.inputs, st.lists(st.integers(0, 2**12), max_size=8))
    def ask(wire, places):
        whole = outcome(stream.begin, [wire])
        assert outcome(stream.begin, cut(wire, places)) == whole
        assert outcome(stream.begin, [wire[at : at + 1] for at in range(len(wire))]) == whole

    ask()


def kept(stream: Stream, wire: bytes) -> int:
    """The bytes that a reader keeps of many pieces."""
    tracemalloc.start()
    try:
        feed = stream.begin()
        for _ in range(PIECES):
            sum(1 for _ in feed(wire))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


@patient
@rows
def test_little_is_kept_of_any_stream(stream):
    @settings(max_examples=STREAMING_CASES, phases=[Phase.reuse, Phase.generate])
    @given(grown(stream.tokens))
    def ask(shape):
        assert kept(stream, shape(PIECE)[:PIECE]) <= stream.keeps + 2 * PIECE

    ask()


def test_a_reader_that_keeps_all_is_seen():
    hoard = bytearray()

    def feed(piece):
        hoard.extend(piece)
        yield hoard if piece == END else b""

    stream = Stream(lambda: feed, [b"x"])
    assert kept(stream, b"x" * PIECE) > stream.keeps + 2 * PIECE


def test_pieces_that_make_a_difference_are_seen():
    def begin():
        return lambda piece: iter([piece.replace(b"ab", b"c")])

    assert outcome(begin, [b"a", b"b"]) != outcome(begin, [b"ab"])
