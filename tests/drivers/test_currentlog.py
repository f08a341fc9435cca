"""The file that a log directory writes, and what is kept of it while another takes its place."""

from __future__ import annotations

import errno
import os

import pytest

from supervise.drivers.archive import Archive
from supervise.drivers.currentlog import CurrentLog
from supervise.drivers.fulldisk import KINDS, Dropped
from supervise.unix import files

LINE = b"0123456789" * 5 + b"\n"
FILE = LINE * 45  # ends a file of 4096 bytes, when written at once


class Notes:
    """What was kept: bytes written, whether a rotation was under way, and of which file."""

    def __init__(self) -> None:
        self.kept: list[tuple[int, bool, int]] = []

    def __call__(self) -> None:
        self.kept.append((self.log.written, self.log.rotating, self.log.inode))


@pytest.fixture
def notes():
    return Notes()


@pytest.fixture
def log(orders, notes):
    directory = files.open_read(".")
    persistence = KINDS["drop"]("log", orders)
    persistence.directory = directory
    notes.log = CurrentLog(directory, 4096, Archive("log", 10, persistence), None, notes)
    notes.log.open()
    yield notes.log
    os.close(directory)
    if notes.log.descriptor >= 0:
        os.close(notes.log.descriptor)


def old_logs() -> list[str]:
    return [name for name in os.listdir() if name.startswith("@")]


def content(name: str = "current") -> bytes:
    with open(name, "rb") as file:
        return file.read()


def test_what_is_written_is_counted_from_where_one_wants(log):
    log.write(LINE)
    log.count_from_here(7)
    log.write(LINE)
    assert (log.written, log.base) == (7 + len(LINE), len(LINE))
    assert content() == LINE * 2


def test_a_rotation_is_kept_before_and_after(log, notes):
    first = log.inode
    log.write(FILE)
    log.write(LINE)
    second = os.stat("current").st_ino
    assert notes.kept == [(len(FILE), True, first), (len(FILE), False, second)]
    assert (log.written, log.base, content()) == (len(FILE + LINE), 0, LINE)


STEPS = ["fchdir", "fsync", "rename", "open", "fchmod", "chmod", "stat", "link", "unlink", "fstat"]


@pytest.mark.parametrize("step", STEPS)
def test_a_rotation_that_was_given_up_is_gone_on_with_from_that_step(log, failing, step, notes):
    failing(step, times=1, number=errno.ENOSPC)
    with pytest.raises(Dropped):
        log.write(FILE)
    assert (log.written, log.steps != []) == (len(FILE), True)
    log.write(LINE)
    (old,) = old_logs()
    assert (content(old), content()) == (FILE, LINE)
    assert [rotating for _, rotating, _ in notes.kept] == [True, False]


def test_its_mode_says_that_it_is_not_complete_once_that_is_wanted(log):
    os.fchmod(log.descriptor, 0o744)
    log.open()
    assert os.stat("current").st_mode & 0o777 == 0o744
    log.mark()
    assert os.stat("current").st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (b"one\n", b"one\n"),
        (b"one\ntw", b"one\n"),
        (b"on", b""),
        (b"one\n" + b"x" * 200000, b"one\n"),
    ],
)
def test_a_line_that_cannot_be_completed_is_taken_back(log, before, after):
    log.rotation.limit = 10**6
    log.write(before)
    log.cut()
    assert content() == after
    assert log.rotation.size == len(after)
    log.write(b"next\n")
    assert content() == after + b"next\n"


def test_nothing_is_taken_back_of_a_file_that_is_not_open(log):
    log.close()
    log.cut()
    assert content() == b""
