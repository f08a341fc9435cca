from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support import processes, streams
from tests.support.patience import PATIENCE, eventually

DOTS = "." * 20


def shown(child):
    return Path(f"/proc/{child.pid}/cmdline").read_bytes().rstrip(b"\0")


@pytest.fixture
def start(background):
    def begin(*argv, path=None):
        streams = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
        return background.start(path or processes.module("readproctitle", *argv), **streams)

    return begin


@pytest.mark.parametrize("argv", [[], [""], ["...."], [DOTS, "...."]])
def test_without_room(run, argv):
    assert run("readproctitle", *argv, stdin=b"text") == (100, b"", b"")


def test_nothing_to_show(run):
    assert run("readproctitle", ".....") == (0, b"", b"")


def test_the_last_bytes_are_shown(start):
    child = start("service", "errors:", DOTS)
    for text, title in {
        b"": b"....................",
        b"hello\0\0world\nabc": b"......helloworld\nabc",
        b"klmnopqrstuvwxyz\n": b"...klmnopqrstuvwxyz\n",
        b"x" * 100000: b"...xxxxxxxxxxxxxxxxx",
    }.items():
        child.stdin.write(text)
        child.stdin.flush()
        wanted = b"readproctitle service errors: " + title
        eventually(lambda wanted=wanted: shown(child) == wanted, wanted.decode())
    child.stdin.close()
    assert child.wait(PATIENCE) == 0
    assert child.stderr.read() == b""


def test_what_the_last_argument_is_makes_no_difference_but_its_length(start):
    child = start("a\udcff", "", "hello é")
    wanted = b"readproctitle a?  ........"
    eventually(lambda: shown(child) == wanted, "dots are shown")


def test_the_whole_row_is_shown_however_long(start):
    child = start("errors:", "." * 3000)
    child.stdin.write(b"x" * 2997)
    child.stdin.flush()
    wanted = b"readproctitle errors: ..." + b"x" * 2997
    eventually(lambda: shown(child) == wanted, "the row is full")


def test_what_cannot_be_read():
    assert streams.code(processes.module("readproctitle", DOTS), "<&-") == 111
