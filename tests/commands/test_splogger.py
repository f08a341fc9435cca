from __future__ import annotations

import re
import socket
import time

import pytest

from supervise.drivers import systemlog
from tests.support import processes, streams
from tests.support.patience import PATIENCE

RECORD = re.compile(rb"<(\d+)>[A-Z][a-z]{2} [ 1-3]\d \d\d:\d\d:\d\d (\S+): (\d+\.\d{6})([ +].*)\Z")


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(systemlog, "PATH", str(tmp_path / "log"))
    return tmp_path / "log"


@pytest.fixture
def listening(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.settimeout(PATIENCE)
        one.bind(str(path))
        yield one


def splogger(tmp_path, stdin, *argv):
    """In a fork, which has the other path."""
    streams = tmp_path / "streams"
    streams.mkdir()
    return processes.finish_in_fork("splogger", list(argv), stdin, streams, None, None)


def logged(listening, count):
    return [RECORD.match(listening.recv(4096)).groups() for _ in range(count)]


def test_lines_are_logged(listening, tmp_path):
    before = time.time()
    done = splogger(tmp_path, b"one\n\nalert: two\xff\nwarning: last")
    after = time.time()
    assert done == (0, b"", b"")
    records = logged(listening, 3)
    assert [(priority, tag, text) for priority, tag, _, text in records] == [
        (b"22", b"splogger", b" one"),
        (b"17", b"splogger", b" alert: two?"),
        (b"20", b"splogger", b" warning: last"),
    ]
    assert all(before - 1 < float(stamp) < after + 1 for _, _, stamp, _ in records)


@pytest.mark.parametrize(
    ("argv", "begins"),
    [
        (["qmail"], (b"22", b"qmail")), (["qmail", "3"], (b"30", b"qmail")),
        (["qmail", "x"], (b"6", b"qmail")), (["q\udcff", "500", "ignored"], (b"14", b"q\xff")),
    ],
)  # fmt: skip
def test_tag_and_facility(listening, tmp_path, argv, begins):
    assert splogger(tmp_path, b"one\n", *argv) == (0, b"", b"")
    assert logged(listening, 1)[0][:2] == begins


def test_a_long_line_is_several_entries_of_one_time(listening, tmp_path):
    assert splogger(tmp_path, b"x" * 2000 + b"\n").code == 0
    records = logged(listening, 3)
    assert [(text[:1], len(text)) for *_, text in records] == [
        (b" ", 800),
        (b"+", 800),
        (b"+", 403),
    ]
    assert len({stamp for _, _, stamp, _ in records}) == 1


def test_without_a_log(path, tmp_path):
    done = splogger(tmp_path, b"one\ntwo\n")
    assert (done.code, done.stdout) == (111, b"")
    assert done.stderr.decode().splitlines() == [
        f"splogger: warning: unable to write to {path}, entries are lost: file does not exist",
        f"splogger: fatal: unable to write to {path}: 2 entries lost",
    ]


def test_nothing_to_log(run):
    assert run("splogger", "tag") == (0, b"", b"")


def test_what_cannot_be_read():
    assert streams.code(processes.module("splogger"), "<&-") == 111
