from __future__ import annotations

import os
import re
import time

from supervise.formats import tai64
from tests.support import processes, streams

LINE = re.compile(rb"(@[0-9a-f]{24}) ([^\n]*\n?)")


def unstamped(text):
    """The lines without their labels, which are all well made, and the times of these."""
    lines = LINE.findall(text)
    assert b"".join(b"%b %b" % line for line in lines) == text
    return [line for _, line in lines], [tai64.to_unix(tai64.parse(label)) for label, _ in lines]


def test_the_time_before_each_line(run):
    before = time.time_ns()
    done = run("tai64n", stdin=b"one\n\n\0two\xff\nlast")
    after = time.time_ns()
    assert (done.code, done.stderr) == (0, b"")
    lines, times = unstamped(done.stdout)
    assert lines == [b"one\n", b"\n", b"\0two\xff\n", b"last"]
    assert before - 1000 < times[0] <= times[-1] < after + 1000
    assert {nanoseconds % 1000 for nanoseconds in times} == {500}


def test_nothing(run):
    assert run("tai64n") == (0, b"", b"")


def test_arguments_are_ignored(run):
    lines, _ = unstamped(run("tai64n", "-x", "--help", stdin=b"a\n").stdout)
    assert lines == [b"a\n"]


def test_a_million_bytes_come_through(run):
    lines = [os.urandom(50).hex().encode() + b"\n" for _ in range(10000)]
    assert unstamped(run("tai64n", stdin=b"".join(lines)).stdout)[0] == lines


def test_the_beginning_of_a_line_is_shown_at_once_and_stamped_once(background):
    turns = [(b"he", 28), (b"llo\nwor", 4 + 29)]
    *answers, rest = streams.dialogue(background, processes.module("tai64n"), *turns)
    assert rest == b""
    assert unstamped(b"".join(answers))[0] == [b"hello\n", b"wor"]
    assert answers[1].startswith(b"llo\n@")


def test_each_read_has_its_own_time(background):
    turns = [(b"a\n", 28), (b"b\n", 28)]
    answers = streams.dialogue(background, processes.module("tai64n"), *turns)
    _, times = unstamped(b"".join(answers))
    assert times[0] < times[1]


def test_its_reader_is_gone(background):
    ended = streams.end_without_a_reader(background, processes.module("tai64n"))
    assert ended == streams.DIED_OF_SIGPIPE


def test_what_cannot_be_read_or_written():
    assert streams.code(processes.module("tai64n"), "<&-") == 111
    assert streams.code(processes.module("tai64n"), ">/dev/full") == 111
