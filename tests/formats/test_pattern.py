from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats.pattern import (
    ALWAYS,
    NESTED,
    NEVER,
    Choice,
    LongSelection,
    Selection,
    expression,
    matches,
    selection,
)

PATTERNS = st.lists(st.sampled_from(b"**ab[\\^.\xff"), max_size=6).map(bytes)
LINES = st.lists(st.sampled_from(b"ab*[\\^.\xff\0\r"), max_size=9).map(bytes)
CHOICES = st.lists(st.builds(Choice, st.booleans(), PATTERNS), max_size=5)


def plainly(pattern: bytes, line: bytes) -> bool:
    """The rule as it is written down: one cursor, no way back."""
    cursor = 0
    for place, byte in enumerate(pattern):
        if byte == ord("*"):
            if place + 1 == len(pattern):
                return True
            cursor = line.find(pattern[place + 1], cursor)
            if cursor < 0:
                return False
        else:
            if line[cursor : cursor + 1] != bytes([byte]):
                return False
            cursor += 1
    return cursor == len(line)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (b"one", [b"one"], [b"onetwo", b"on"]),
        (b"", [b""], [b"x"]),
        (b"*", [b"", b"anything"], []),
        (b"one*", [b"one", b"onetwo"], [b"on"]),
        (b"* one", [b" one", b"xy one"], [b"  one", b"x y one", b"one", b"xy one "]),
        (b"* * one", [b"x y one"], [b" one"]),
        (b"* fatal: *", [b"@4000 fatal: out of memory"], [b"@4000 x fatal: out"]),
        (b"named[*]: Cleaned cache *", [b"named[135]: Cleaned cache of 3121 RRs"], []),
        (b"*ana*", [b"banana"], []),
        (b"*ana", [], [b"banana"]),
        (b"*nana", [b"banana"], []),
        (b"*ab", [b"ab"], [b"aab"]),
        (b"a*a", [b"aa", b"aba"], [b"abab"]),
        (b"*x*y*", [b"axbyc"], []),
        (b"**", [b"a*c", b"*"], [b"abc"]),
        (b"a**b", [b"ax*yb"], [b"axb"]),
        (b"*\\*", [b"a\\b"], []),
        (b"a\nb", [], [b"a", b"ab"]),
        (b"a\n", [], [b"a"]),
    ],
)
def test_examples(pattern, yes, no):
    assert [line for line in yes + no if matches(pattern, line)] == yes


@given(PATTERNS, LINES)
def test_a_pattern_is_the_written_rule(pattern, line):
    assert matches(pattern, line) == plainly(pattern, line)


@given(CHOICES, st.lists(LINES, max_size=8))
def test_a_selection_is_its_choices_one_by_one(choices, lines):
    expected = []
    for line in lines:
        selected = True
        for choice in choices:
            if choice.selects != selected and plainly(choice.pattern, line):
                selected = choice.selects
        if selected:
            expected.append(line)
    text = b"".join(line + b"\n" for line in lines)
    for selected in (Selection(choices), LongSelection(choices)):
        assert [line for line in lines if selected.includes(line)] == expected
        assert selected.of(text) == b"".join(line + b"\n" for line in expected)


def test_what_is_known_without_looking():
    every, none = Choice(True, b"*"), Choice(False, b"*")
    assert Selection([none]).condition == NEVER
    assert Selection([none, every]).condition == ALWAYS
    assert Selection([Choice(False, b"a*"), every]).condition == ALWAYS


@pytest.mark.parametrize("alternating", [False, True])
def test_a_filter_may_have_thousands_of_choices(alternating):
    """One expression nested as deep would be more than the compiler of expressions can do."""
    wanted = [Choice(True, b"*w%d." % number) for number in range(2000)]
    unwanted = [Choice(False, b"*u%d." % number) for number in range(2000)]
    pairs = zip(wanted, unwanted, strict=True)
    choices = [choice for pair in pairs for choice in pair] if alternating else wanted
    selected = selection([Choice(False, b"*"), *choices])
    assert isinstance(selected, LongSelection) == alternating
    assert selected.of(b"w1999.\nu7.\nw0.\nw2000.\n") == b"w1999.\nw0.\n"


def test_up_to_which_nesting_one_expression_does():
    choices = [Choice(number % 2 == 1, b"%d" % number) for number in range(NESTED)]
    assert isinstance(selection(choices), Selection)
    assert isinstance(selection([*choices, Choice(False, b"last")]), LongSelection)


@given(PATTERNS)
def test_an_expression_cannot_look_back(pattern):
    """After each star's class stands the one byte that the class leaves out, so that a shorter
    match fails at once and the time for a line grows with its length alone, whatever the stars."""
    skips = re.findall(rb"\[\^\\n(\\?.)\]\*(?=\1|\(\?=\1\))", expression(pattern), re.DOTALL)
    assert len(skips) == pattern[:-1].count(b"*")


def test_hundreds_of_stars_match_as_written():
    for part in (b"*a", b"*", b"*a*b", b"*x"):
        for pattern in (part * 300, part * 300 + b"q"):
            for line in (b"ab" * 400, b"*" * 301, b"a" * 300, b"xx" * 150 + b"q"):
                assert matches(pattern, line) == plainly(pattern, line)
