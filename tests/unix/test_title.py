from __future__ import annotations

import sys
from pathlib import Path

import pytest

from supervise.unix import title
from tests.support import processes
from tests.support.forks import in_a_fork


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"one two", b"one two"),
        ("é\n\x01".encode(), "é\n\x01".encode()),
        (b"\xff\xfe x", b"?? x"),
        (b"cut \xc3", b"cut ?"),
    ],
)
def test_a_line_is_shown(line, shown):
    def show() -> bytes:
        title.show(line)
        return Path("/proc/self/cmdline").read_bytes().rstrip(b"\0")

    assert in_a_fork(show) == shown


def test_what_is_shown_is_known_and_asking_changes_no_name():
    def ask() -> list[bytes]:
        title.set_name(b"short")
        title.show(b"a long line \xc3\xa9")
        title.set_name(b"name")
        return [title.shown(), title.name()]

    assert in_a_fork(ask) == ["a long line é".encode(), b"name"]


def test_the_first_question_changes_no_name():
    ask = (
        "from supervise.unix import title; before = title.name(); title.shown();"
        " print(title.name() == before)"
    )
    assert processes.finish([sys.executable, "-c", ask]) == (0, b"True\n", b"")


def test_without_proc_there_is_no_name(monkeypatch):
    monkeypatch.setattr(title, "NAME", "/nonexistent/comm")
    title.set_name(b"name")
    assert title.name() == b""
