"""What an earlier multilog has left in a directory. Each state that a kill can leave is met in
test_recovery, and each that the originals leave in test_logdir."""

from __future__ import annotations

import os

import pytest

from supervise.drivers import leftlogs
from supervise.drivers.archive import Archive
from supervise.drivers.fulldisk import Persistence
from supervise.formats.spool import Output


@pytest.fixture
def archive(orders):
    return Archive("log", 10, Persistence("log", orders))


def make(name: str, content: bytes, mode: int = 0o644) -> int:
    """A file with that content; returns its inode."""
    with open(name, "wb") as file:
        file.write(content)
    os.chmod(name, mode)
    return os.stat(name).st_ino


def test_only_a_plain_file_is_gone_on_with(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkdir("directory")
    os.symlink("/dev/null", "device")
    number = make("current", b"")
    os.symlink("current", "link")
    names = ("current", "link", "directory", "device", "missing")
    assert [leftlogs.inode(name) for name in names] == [number, number, None, None, None]


@pytest.mark.parametrize("name", ["current", "previous", "@" + "0" * 24 + ".u"])
def test_an_output_is_found_by_whatever_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    number = make(name, b"beforeoutput")
    make("lock", b"")
    assert leftlogs.content_of(Output(0, 6, number)) == b"output"
    assert leftlogs.content_of(Output(0, 100, number)) == b""
    assert leftlogs.content_of(Output(0, 0, number + 10**9)) == b""


def test_what_is_unfinished_is_set_aside_under_a_label(archive):
    make("current", b"one")
    make("newstate", b"x")
    leftlogs.set_aside(archive)
    assert sorted(name[25:] or name for name in os.listdir()) == [".u", "state"]
