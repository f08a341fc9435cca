"""Every program beside its original with standard streams that are closed, full or broken, and
with signals that are ignored or blocked."""

from __future__ import annotations

import os
import signal

import pytest

from tests.support import differences, pairs
from tests.support.differences import difference
from tests.support.originals import CALLED, COMMANDS, LOADERS, sample
from tests.support.pairs import installed
from tests.support.sidebyside import needs

pytestmark = needs(*CALLED)


def closed(*numbers):
    return lambda: [os.close(number) for number in numbers]


def full(number):
    return lambda: os.dup2(os.open("/dev/full", os.O_WRONLY), number)


def broken(number):
    def arrange():
        read_end, write_end = os.pipe()
        os.close(read_end)
        os.dup2(write_end, number)
        os.close(write_end)

    return arrange


def ignored(*numbers):
    return lambda: [signal.signal(number, signal.SIG_IGN) for number in numbers]


def blocked():
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


WAYS = {
    "no input": closed(0),
    "no output": closed(1),
    "no errors": closed(2),
    "nothing": closed(0, 1, 2),
    "full output": full(1),
    "full errors": full(2),
    "broken output": broken(1),
}
SIGNALS = {
    "children ignored": ignored(signal.SIGCHLD),
    "signals ignored": ignored(signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGALRM),
    "signals blocked": blocked,
}
BROKEN = ("no input", "no output", "full output")
SAYS_WHY = {
    "addcr": difference("addcr, delcr: cannot read or write", "stderr"),
    "delcr": difference("addcr, delcr: cannot read or write", "stderr"),
    "tai64n": difference("tai64n, tai64nlocal, readproctitle: cannot read or write", "stderr"),
    "tai64nlocal": difference("tai64n, tai64nlocal, readproctitle: cannot read or write", "stderr"),
}
UNWRITTEN = "tcprulescheck: output cannot be written"
DIFFERENT = {
    **{(name, way): row for name, row in SAYS_WHY.items() for way in BROKEN},
    ("readproctitle", "no input"): SAYS_WHY["tai64n"],
    ("tcprulescheck", "no output"): difference(UNWRITTEN, "code", "stderr"),
    ("tcprulescheck", "full output"): difference(UNWRITTEN, "code", "stderr"),
    ("tcprulescheck", "nothing"): difference(UNWRITTEN, "code"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", COMMANDS)
def test_streams(same, port, name, way):
    same(sample(name, port, arrange=WAYS[way]), DIFFERENT.get((name, way)), installed)


@pytest.mark.parametrize("way", SIGNALS)
@pytest.mark.parametrize("name", [*LOADERS, "multilog"])
def test_signals(same, port, name, way):
    same(sample(name, port, arrange=SIGNALS[way]), None, installed)


@pytest.mark.parametrize("name", COMMANDS)
def test_input_from_a_directory(folders, port, name):
    """The interpreter's last words are its own."""
    call = sample(name, port, arrange=lambda: os.dup2(os.open("/", os.O_RDONLY), 0))
    _, ours = pairs.both(folders, call, installed)
    differences.stand_by("standard input is a directory")
    assert ours.code == 1
    assert b"<stdin> is a directory" in ours.stderr
