"""Our tai64nlocal beside Debian's daemontools, which has the original.

Where the original crashes or swallows a label ours copies the text: such input is left out here.
"""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support import processes, streams
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
    st.sampled_from([b"", b"0", b"123", b"f" * 20]),
    seconds,
    st.integers(0, 2**32 - 1),
)
after_label = st.text("gGF@ .\0\r\nxé", min_size=1, max_size=3).map(str.encode)
plain = st.text("ab0 .\0\r\ng@", max_size=8).map(
    lambda text: b"x" + text.replace("@", "x@").encode()
)
lines = st.one_of(
    st.builds(lambda label, rest: (label + rest).replace(b"\n@", b"\n"), labels, after_label),
    plain.map(lambda text: text.replace(b"\n@", b"\n")),
    st.just(b""),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return empty(tmp_path_factory.mktemp("tai64nlocal") / "work")


@settings(max_examples=100)
@example([LABEL + b" x"], "UTC")
@given(st.lists(lines, max_size=6), st.sampled_from(ZONES))
def test_the_same_times(folder, text, zone):
    stdin = b"\n".join(text)
    env = {"LANG": "C.UTF-8", "TZ": zone}
    original = theirs(folder, "tai64nlocal", stdin=stdin, env=env)
    assert original.finished.code == 0
    assert ours(folder, "tai64nlocal", stdin=stdin, env=env) == original


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
