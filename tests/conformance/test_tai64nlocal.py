"""Our tai64nlocal beside Debian's daemontools, which has the original.

Where the original crashes or swallows a label ours copies the text: see `listed`.
"""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support import differences, processes, streams
from tests.support.generators import EDGES, repeated, spoilt
from tests.support.oracle import SIDES, Call, oracle, same, talk
from tests.support.sidebyside import empty, needs, ours, theirs

pytestmark = needs("tai64nlocal")

THEIRS, OURS = ["/usr/bin/tai64nlocal"], [processes.script("tai64nlocal")]
LABEL = b"@4000000037c219bf2ef02e94"
ZONES = [
    "UTC",
    "Europe/Paris",
    "America/Los_Angeles",
    "right/UTC",
    "EST5EDT",
    "<+0530>-5:30",
    "",
    "x",
]

seconds = st.one_of(
    st.integers(0, 2**33), st.integers(0, 2**55), st.integers(-(2**35), 0), st.just(0)
)
labels = st.builds(
    lambda high, unix, nanoseconds: b"@%b%016x%08x" % (high, 2**62 + 10 + unix, nanoseconds),
    st.sampled_from([b"", b"", b"", b"0", b"123", b"f" * 20]),
    seconds,
    st.one_of(st.integers(0, 10**9), st.integers(0, 2**32 - 1)),
)
raw_labels = st.binary(max_size=30).map(lambda text: b"@" + text.hex().encode())
after_label = st.text("gGF@ .\0\r\nxé", max_size=3).map(str.encode)
lines = st.one_of(
    st.builds(lambda label, rest: label + rest, labels, after_label),
    spoilt(labels),
    raw_labels,
    st.text("ab0 .\0\r\ng@", max_size=8).map(str.encode),
    st.just(b""),
)
short = st.lists(lines, max_size=6).map(b"\n".join)
streams_of_lines = st.one_of(
    short,
    short,
    spoilt(short),
    st.builds(repeated, short.map(lambda text: text + b"\n"), st.sampled_from(EDGES), lines),
)

LEFT_OUT = [
    "tai64nlocal: a label that is none",
    "tai64nlocal: label cut off by the end of input",
]


CUT_OFF = re.compile(rb"^@[0-9a-f]*\Z", re.MULTILINE)


def unlisted(text):
    """Without what README's table has: «a label that is none», which crashes the original, and
    «label cut off by the end of input»."""
    return CUT_OFF.sub(b"", b"\n".join(line for line in text.split(b"\n") if is_time(line)))


def is_time(line):
    """Whether the digits after an «@» are a time that the original can tell."""
    digits = re.match(rb"@([0-9a-f]*)", line)
    if digits is None:
        return True
    seconds = int(digits[1][-24:-8] or b"0", 16) - 2**62 - 10
    try:
        time.localtime(seconds if seconds < 2**63 else seconds - 2**64)
    except (OverflowError, OSError):
        return False
    return True


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return empty(tmp_path_factory.mktemp("tai64nlocal") / "work")


@oracle
@example(LABEL + b" x", "UTC")
@example(b"@3f1000000000000000000000 x", "UTC")
@given(streams_of_lines, st.sampled_from(ZONES))
def test_the_same_times(text, zone):
    assert same("tai64nlocal", stdin=unlisted(text), env={"LANG": "C.UTF-8", "TZ": zone}).code == 0


@oracle
@given(st.lists(short, max_size=6), st.sampled_from(ZONES))
def test_a_dialogue(turns, zone):
    """What has come is passed on before more is waited for, but for the start of a label."""
    turns = [unlisted(turn) for turn in turns]
    call = Call("tai64nlocal", env={"LANG": "C.UTF-8", "TZ": zone})
    original, done = (talk(start, call, turns, b"$\n") for start in SIDES)
    assert done == original


def test_much_at_once(folder):
    text = b"".join(
        b"@%016x%08x %b\n"
        % (2**62 + 10 + 10**9 + number * 977, number * 1009, b"x" * (number % 99))
        for number in range(20000)
    )
    assert ours(folder, "tai64nlocal", stdin=text) == theirs(folder, "tai64nlocal", stdin=text)


@pytest.mark.parametrize("redirection", streams.BROKEN)
def test_broken_streams(redirection):
    assert streams.code(OURS, redirection) == streams.code(THEIRS, redirection)


def test_without_a_reader(background):
    original = streams.end_without_a_reader(background, THEIRS)
    assert streams.end_without_a_reader(background, OURS) == original


def test_the_same_dialogue(background):
    turns = [(b"on", 2), (b"e\n@40", 2), (LABEL[3:], 0), (b" ", 30), (b"x" + LABEL + b"\n", 27)]
    turns += [(LABEL + b"\nx\n" + LABEL[:9], 32), (LABEL[9:] + b".", 30)]
    seen = [streams.dialogue(background, command, *turns) for command in (THEIRS, OURS)]
    assert seen[0][1] == b"e\n"
    assert seen[1] == seen[0]


@pytest.mark.parametrize("row", LEFT_OUT)
def test_what_the_oracle_leaves_out_is_in_the_table(row):
    differences.stand_by(row)
