from __future__ import annotations

import os

import pytest

from tests.support import processes, streams

LABEL = b"@4000000037c219bf2ef02e94"
SHOWN = b"1999-08-24 04:04:05.787492500"
NO_LEAP_SECONDS = not os.path.exists("/usr/share/zoneinfo/right/UTC")


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("UTC", SHOWN),
        ("PST8PDT,M4.1.0,M10.5.0", b"1999-08-23 21:04:05.787492500"),
        ("<+0530>-5:30", b"1999-08-24 09:34:05.787492500"),
        pytest.param(
            "right/UTC", b"1999-08-24 04:03:43.787492500",
            marks=pytest.mark.skipif(NO_LEAP_SECONDS, reason="needs zones with leap seconds"),
        ),
    ],
)  # fmt: skip
def test_local_times(run, zone, shown):
    text = LABEL + b" mark\n" + LABEL + b".s"
    done = run("tai64nlocal", stdin=text, env={"TZ": zone})
    assert done == (0, shown + b" mark\n" + shown + b".s", b"")


def test_the_zone_of_the_chain_counts(run, tmp_path):
    (tmp_path / "TZ").write_text("<+0530>-5:30")
    env = {"TZ": "UTC", "PATH": processes.our_path()}
    done = run("envdir", str(tmp_path), "tai64nlocal", stdin=LABEL + b"\n", env=env)
    assert done == (0, b"1999-08-24 09:34:05.787492500\n", b"")


@pytest.mark.parametrize(
    "text",
    [
        b"", b"one\ntwo", b"@ x\n", b"@\n", b"x " + LABEL + b"\n", LABEL.upper() + b"\n",
        b"@f000000000000000ffffffff x\n", b"@" + b"f" * 100 + b"\n", LABEL[:-8] + b" x\n", b"@40",
        b"\0\xff\n@\xff\n",
    ],
)  # fmt: skip
def test_what_is_no_label_is_copied(run, text):
    assert run("tai64nlocal", stdin=text, env={"TZ": "UTC"}) == (0, text, b"")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (b"400000000000000a", b"1970-01-01 00:00:00"),
        (b"4000000000000000", b"1969-12-31 23:59:50"),
        (b"40000000ffffffff", b"2106-02-07 06:28:05"),
        (b"4000100000000000", b"559444-03-08 09:40:06"),
        (b"3fffff0037c219bf", b"18446744073709518773-07-05 03:27:49"),
    ],
)
def test_far_times(run, seconds, shown):
    done = run("tai64nlocal", stdin=b"@" + seconds + b"3b9aca00\n", env={"TZ": "UTC"})
    assert done == (0, shown + b".1000000000\n", b"")


def test_arguments_are_ignored(run):
    assert run("tai64nlocal", "-x", "--help", stdin=b"a\n") == (0, b"a\n", b"")


def test_what_is_there_is_shown_at_once(background):
    turns = [(b"he", 2), (b"llo\n" + LABEL[:9], 4), (LABEL[9:] + b" ", 30), (b"x\n", 2)]
    command = ["/usr/bin/env", "TZ=UTC", *processes.module("tai64nlocal")]
    answers = streams.dialogue(background, command, *turns)
    assert answers == [b"he", b"llo\n", SHOWN + b" ", b"x\n", b""]


def test_its_reader_is_gone(background):
    ended = streams.end_without_a_reader(background, processes.module("tai64nlocal"))
    assert ended == streams.DIED_OF_SIGPIPE


def test_what_cannot_be_read_or_written():
    assert streams.code(processes.module("tai64nlocal"), "<&-") == 111
    assert streams.code(processes.module("tai64nlocal"), ">/dev/full") == 111
