"""Our tai64n beside Debian's daemontools, which has the original."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import processes, streams
from tests.support.generators import short_texts, texts
from tests.support.oracle import SIDES, Call, oracle, same, talk
from tests.support.sidebyside import needs

pytestmark = needs("tai64n")

THEIRS, OURS = ["/usr/bin/tai64n"], [processes.script("tai64n")]
STAMP = re.compile(rb"@[0-9a-f]{23}[048c] ")  # nanoseconds end in …500, so they can be divided by 4


TOKENS = [b"\n", b"\n\n", b"a", b"some line\n", b"@4000000037c219bf2ef02e94 ", b"\0", b"\r\n"]


def without_times(text):
    return STAMP.sub(b"TIME ", text)


def lines(finished):
    return finished._replace(stdout=without_times(finished.stdout))


@oracle
@given(texts(TOKENS))
def test_the_same_lines(text):
    done = same("tai64n", stdin=text, plain=lines)
    assert bool(text) == done.stdout.startswith(b"@")


@oracle
@given(st.lists(short_texts(TOKENS), max_size=6))
def test_a_dialogue(turns):
    """What has come is passed on before more is waited for, the stamp of a line with its start."""
    original, done = (
        [without_times(answer) for answer in talk(start, Call("tai64n"), turns, b"$")]
        for start in SIDES
    )
    assert done == original


@pytest.mark.parametrize("redirection", streams.BROKEN)
def test_broken_streams(redirection):
    assert streams.code(OURS, redirection) == streams.code(THEIRS, redirection)


def test_without_a_reader(background):
    original = streams.end_without_a_reader(background, THEIRS)
    assert streams.end_without_a_reader(background, OURS) == original


def test_the_same_dialogue(background):
    turns = [(b"on", 28), (b"e", 1), (b"\n\ntw", 1 + 27 + 28), (b"\0", 1), (b"\n", 1)]
    seen = [
        [STAMP.sub(b"TIME ", answer) for answer in streams.dialogue(background, command, *turns)]
        for command in (THEIRS, OURS)
    ]
    assert seen[0][0] == b"TIME on"
    assert seen[1] == seen[0]
