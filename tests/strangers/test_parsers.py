"""Whatever strangers write: no parser raises what it does not promise, and none takes more than its
share of time and memory."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support import growth
from tests.support.oracle import CASES, SECONDS_FOR_A_CASE
from tests.support.strangers import PARSERS, Parser

GROWING_CASES = max(1, CASES // 6)  # each costs as much as five of the others

rows = pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
patient = pytest.mark.timeout(20 + CASES * SECONDS_FOR_A_CASE)


def read(parser: Parser, wire: bytes) -> None:
    """Have it read, or refuse with what it may raise."""
    try:
        parser.parse(wire)
    except parser.raises:
        pass  # and nothing else


@patient
@rows
def test_nothing_is_raised_but_what_is_promised(parser):
    @settings(max_examples=CASES, suppress_health_check=[HealthCheck.too_slow])
    @given(parser.inputs)
    def ask(wire):
        read(parser, wire)

    ask()


@patient
@rows
def test_time_and_memory_are_in_proportion(parser):
    large = min(growth.LARGE, parser.longest)

    @settings(max_examples=GROWING_CASES, phases=[Phase.reuse, Phase.generate])
    @given(parser.grown)
    def ask(grown):
        assert growth.grows_with_its_input(lambda size: read(parser, grown(size)[:large]), large)
        wire = grown(large // 4)[: large // 4]
        needed = growth.memory(lambda: read(parser, wire))
        assert needed <= parser.kept * len(wire) + growth.ROOM

    ask()


@rows
def test_the_shortest_inputs(parser):
    for wire in (b"", *(bytes([byte]) for byte in range(256)), *parser.tokens):
        read(parser, wire)


def test_what_is_out_of_proportion_is_seen():
    assert not growth.grows_with_its_input(lambda size: sum(len(b"x" * size) for _ in range(size)))
    assert growth.grows_with_its_input(lambda size: sum(len(b"x" * 9) for _ in range(size)))
    assert growth.memory(lambda: bytearray(10**6)) >= 10**6


def test_what_escapes_is_seen():
    with pytest.raises(ZeroDivisionError):
        read(Parser(lambda wire: 1 // len(wire), [b"a"], (ValueError,)), b"")


def test_inputs_are_no_longer_than_what_a_parser_is_given():
    short = Parser(len, [b"abc"], longest=5)

    @given(short.inputs, st.data())
    def ask(wire, data):
        assert len(wire) <= 5

    ask()
