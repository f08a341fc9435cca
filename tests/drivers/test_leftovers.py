from __future__ import annotations

import os
import signal

import pytest

from supervise.drivers import leftovers


@pytest.fixture(autouse=True)
def signals_as_before():
    before = signal.getsignal(signal.SIGPIPE)
    yield
    signal.signal(signal.SIGPIPE, before)


def test_supervises_that_were_left_behind_are_told_to_end(tmp_path, monkeypatch):
    """The service's and its log's; whoever cannot be told is passed over without a word."""
    told = {}
    for name in ("a", "a/log", ".hidden", "lost", "b"):
        control = tmp_path / name / "supervise"
        control.mkdir(parents=True)
        os.mkfifo(control / "control")
        if name != "lost":
            told[name] = os.open(control / "control", os.O_RDONLY | os.O_NONBLOCK)
    (tmp_path / "file").touch()
    (tmp_path / "nowhere").symlink_to("missing")
    monkeypatch.chdir(tmp_path)
    leftovers.end()
    heard = {name: os.read(descriptor, 10) for name, descriptor in told.items()}
    assert heard == {"a": b"dx", "a/log": b"dx", ".hidden": b"", "b": b"dx"}
    for descriptor in told.values():
        os.close(descriptor)


def test_one_that_can_be_taken_over_is_left_as_it_is(tmp_path, monkeypatch):
    control = tmp_path / "a" / "supervise"
    control.mkdir(parents=True)
    os.mkfifo(control / "control")
    told = os.open(control / "control", os.O_RDONLY | os.O_NONBLOCK)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(leftovers.abandoned, "is_there", lambda path: os.getcwd().endswith("/a"))
    leftovers.end()
    assert os.read(told, 10) == b""
    os.close(told)
