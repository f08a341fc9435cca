"""Our tai64n beside Debian's daemontools, which has the original."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import processes, streams
from tests.support.sidebyside import empty, needs, ours, theirs

pytestmark = needs("tai64n")

THEIRS, OURS = ["/usr/bin/tai64n"], [processes.script("tai64n")]
STAMP = re.compile(rb"@[0-9a-f]{23}[048c] ")  # nanoseconds end in …500, so they can be divided by 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return empty(tmp_path_factory.mktemp("tai64n") / "work")


def without_times(outcome):
    finished = outcome.finished
    return finished._replace(stdout=STAMP.sub(b"TIME ", finished.stdout))


@settings(max_examples=30)
@given(st.one_of(st.binary(max_size=3000), st.text("a\n\0@", max_size=3000).map(str.encode)))
def test_the_same_lines(folder, text):
    original = without_times(theirs(folder, "tai64n", stdin=text))
    assert without_times(ours(folder, "tai64n", stdin=text)) == original


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
