from __future__ import annotations

import os
import signal

import pytest

from supervise.formats import inotify
from supervise.unix import descriptors, linux, processes
from tests.support.forks import in_a_fork
from tests.support.patience import eventually


@pytest.fixture
def watcher():
    descriptor = linux.inotify_init()
    yield descriptor
    os.close(descriptor)


def events(watcher: int) -> list[inotify.Event]:
    return inotify.unpack(os.read(watcher, 65536))


def test_a_watcher_neither_blocks_nor_goes_to_a_program(watcher):
    assert not os.get_blocking(watcher)
    assert not descriptors.survives_exec(watcher)
    with pytest.raises(BlockingIOError):
        os.read(watcher, 100)


def test_names_that_come_and_go(watcher, tmp_path):
    mask = inotify.CREATE | inotify.DELETE | inotify.MOVED_FROM | inotify.MOVED_TO
    watch = linux.inotify_add_watch(watcher, str(tmp_path), mask)
    (tmp_path / "smtpd").mkdir()
    (tmp_path / "smtpd").rename(tmp_path / "caf\udce9")
    (tmp_path / "caf\udce9").rmdir()
    is_directory = 0x40000000
    assert events(watcher) == [
        inotify.Event(watch, inotify.CREATE | is_directory, b"smtpd"),
        inotify.Event(watch, inotify.MOVED_FROM | is_directory, b"smtpd"),
        inotify.Event(watch, inotify.MOVED_TO | is_directory, b"caf\xe9"),
        inotify.Event(watch, inotify.DELETE | is_directory, b"caf\xe9"),
    ]


def test_a_watch_that_is_removed_says_so_and_no_more(watcher, tmp_path):
    watch = linux.inotify_add_watch(watcher, str(tmp_path), inotify.CREATE)
    linux.inotify_rm_watch(watcher, watch)
    (tmp_path / "a").mkdir()
    assert events(watcher) == [inotify.Event(watch, inotify.IGNORED, b"")]


def test_only_directories_where_that_is_asked(watcher, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        linux.inotify_add_watch(watcher, str(tmp_path / "file"), inotify.CREATE | inotify.ONLYDIR)


def test_trouble_is_an_oserror_with_its_number(watcher):
    with pytest.raises(FileNotFoundError):
        linux.inotify_add_watch(watcher, "/nonexistent", inotify.CREATE)
    with pytest.raises(OSError, match="Invalid argument"):
        linux.inotify_rm_watch(watcher, 12345)
    with pytest.raises(OSError, match="Bad file descriptor"):
        linux.inotify_add_watch(-1, "/", inotify.CREATE)


def test_orphans_come_to_a_subreaper():
    def ancestor() -> tuple[bool, bool]:
        linux.become_subreaper()
        reading, writing = os.pipe()

        def parent() -> int:
            orphan = processes.fork(lambda: signal.pause() or 0)
            os.write(writing, str(orphan).encode())
            return 0

        pid = processes.fork(parent)
        orphan = int(os.read(reading, 100))
        os.waitpid(pid, 0)
        os.kill(orphan, signal.SIGTERM)
        ended = eventually(processes.reap)
        return ended == [(orphan, signal.SIGTERM)], orphan != pid

    assert in_a_fork(ancestor) == (True, True)


def test_a_program_gets_what_python_does_not_pass_on():
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(writing, 1)
        linux.execve(b"/usr/bin/env", [b""], {b"": b"x", b"B": b"="})
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        lines = pipe.read().splitlines()
    assert os.waitpid(pid, 0)[1] == 0
    assert lines == [b"=x", b"B=="]


def test_a_program_that_cannot_be_run():
    with pytest.raises(FileNotFoundError):
        linux.execve(b"/nonexistent", [b"x"], {})
