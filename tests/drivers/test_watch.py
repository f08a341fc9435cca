from __future__ import annotations

import errno
import os

import pytest

from supervise.drivers import watch
from supervise.drivers.route import Place
from supervise.drivers.watch import Changes, Watch
from supervise.formats import inotify
from supervise.unix import linux


@pytest.fixture
def watching(tmp_path, monkeypatch):
    (tmp_path / "scan").mkdir()
    monkeypatch.chdir(tmp_path / "scan")
    made = Watch("svscan")
    yield made
    made.close()


def test_names_that_come_and_go(watching):
    os.mkdir("a")
    os.symlink("nowhere", "b")
    os.rename("a", "c")
    assert watching.changes() == Changes({"a", "b", "c"}, False)
    os.unlink("b")
    assert watching.changes() == Changes({"b"}, False)
    assert watching.changes() == Changes(set(), False)


def test_a_name_that_is_no_text(watching):
    os.mkdir(b"caf\xe9")
    assert watching.changes().names == {os.fsdecode(b"caf\xe9")}


def test_what_happens_inside_a_service_is_no_change(watching):
    os.mkdir("a")
    watching.changes()
    watching.follow("a", [Place("a", "log")])
    os.mkdir("a/supervise")
    assert watching.changes() == Changes(set(), False)
    os.mkdir("a/log")
    assert watching.changes() == Changes({"a"}, False)


def test_two_names_that_depend_on_one_place(watching, tmp_path):
    (tmp_path / "sv").mkdir()
    for name in ("a", "b"):
        assert watching.follow(name, [Place("../sv", "one")])
    (tmp_path / "sv/one").mkdir()
    assert watching.changes().names == {"a", "b"}
    watching.leave("a")
    (tmp_path / "sv/one").rmdir()
    assert watching.changes().names == {"b"}
    watching.leave("b")
    (tmp_path / "sv/one").mkdir()
    assert watching.changes().names == set()
    assert watching.dependents == {}


def test_the_scan_directory_itself_stays_watched(watching):
    watching.follow("a", [Place(".", "a"), Place(".", ".hidden")])
    os.mkdir(".hidden")
    assert watching.changes().names == {".hidden", "a"}
    watching.leave("a")
    os.mkdir("c")
    assert watching.changes().names == {"c"}


def test_a_place_that_is_removed_or_moved(watching, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    watching.follow("a", [Place("../one", "x")])
    watching.follow("b", [Place("../two", "x")])
    (tmp_path / "one").rmdir()
    (tmp_path / "two").rename(tmp_path / "three")
    assert watching.changes().names == {"a", "b"}


def test_a_place_that_cannot_be_watched(watching):
    assert not watching.follow("a", [Place(".", "a"), Place("missing", "x")])
    os.mkdir("a")
    assert watching.changes().names == {"a"}


def test_events_that_were_lost(watching, monkeypatch):
    overflow = inotify.HEADER.pack(-1, inotify.OVERFLOW, 0, 0)
    blocks = [overflow]
    monkeypatch.setattr(watch.os, "read", lambda fd, size: blocks.pop() if blocks else blocked())
    assert watching.changes() == Changes(set(), True)


def blocked() -> bytes:
    raise BlockingIOError


@pytest.mark.parametrize("call", ["inotify_init", "inotify_add_watch"])
def test_a_kernel_that_gives_no_inotify(tmp_path, monkeypatch, capfd, call):
    def refuse(*arguments: object) -> int:
        raise OSError(errno.EMFILE, "x")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(linux, call, refuse)
    before = os.listdir("/proc/self/fd")
    watching = Watch("svscan")
    warning = "svscan: warning: unable to watch directory: process cannot open more files\n"
    assert capfd.readouterr().err == warning
    assert watching.descriptor is None
    assert not watching.follow("a", [Place(".", "a")])
    watching.leave("a")
    assert watching.changes() == Changes(set(), False)
    assert os.listdir("/proc/self/fd") == before
