"""Spools in files of their own, whose input is descriptor 0 of a fork."""

from __future__ import annotations

import os
import shutil

import pytest

from supervise import errors
from supervise.drivers import spool
from supervise.drivers.fulldisk import Persistence
from supervise.drivers.spool import Spool
from supervise.formats.spool import DATA, Block, Output, Point, Record
from supervise.unix import descriptors, files
from tests.support.forks import in_a_fork
from tests.support.pipes import full_pipe

RECORD = Record(bytes(16), Block(0, 3, b"", Point(b"begun")), False, Output(1, 2, 3))


@pytest.fixture
def make(orders, tmp_path):
    opened: list[Spool] = []

    def open_spool(path=".") -> Spool:
        directory = files.open_read(path)
        opened.append(Spool("log", directory, Persistence("log", orders)))
        return opened[-1]

    yield open_spool
    for each in opened:
        os.close(each.directory)
        if each.descriptor >= 0:
            os.close(each.descriptor)


def test_it_is_made_when_it_is_needed(make):
    opened = make()
    assert os.listdir() == []
    assert (opened.left, opened.size, opened.read(0, 0)) == (None, 0, b"")
    opened.keep(RECORD)
    assert os.stat("spool").st_mode & 0o777 == 0o600
    assert opened.size == 0


def test_what_was_kept_last_is_found(make):
    first = make()
    first.keep(RECORD)
    assert make().left == RECORD
    first.keep(RECORD._replace(dropped=4))
    again = make()
    assert again.left == RECORD._replace(dropped=4)
    assert not again.rebooted
    again.keep(RECORD._replace(dropped=5))
    assert make().left == RECORD._replace(dropped=5)


def test_a_copy_says_nothing(make, tmp_path):
    make().keep(RECORD)
    (tmp_path / "copy").mkdir()
    shutil.copy2("spool", "copy/spool")
    assert make("copy").left is None


def test_after_a_reboot_a_device_may_have_another_number(make, monkeypatch):
    first = make()
    first.create()
    first.owner = first.owner._replace(device=1, boot=b"another boot id.")
    first.keep(RECORD)
    again = make()
    assert (again.left, again.rebooted) == (RECORD, True)


def test_one_that_could_not_be_made_is_made_later(make, failing):
    opened = make()
    failing("fstat", times=1)
    opened.keep(RECORD)
    assert make().left == RECORD


@pytest.mark.parametrize("kind", ["directory", "link"])
def test_what_is_no_file_is_told_at_the_start(make, kind):
    if kind == "directory":
        os.mkdir("spool")
    else:
        os.symlink("/dev/null", "spool")
    with pytest.raises(errors.Failure, match=r"^unable to open log/spool: "):
        make()


def test_a_file_of_somebody_elses_is_left_alone(make):
    with open("spool", "wb") as file:
        file.write(b"mail\n" * 2000)
    with pytest.raises(errors.Failure, match=r"^unable to use log/spool: somebody else's file$"):
        make()
    with open("spool", "rb") as file:
        assert file.read() == b"mail\n" * 2000


def test_data_without_a_record_are_kept(make):
    with open("spool", "wb") as file:
        file.write(bytes(DATA) + b"data")
    opened = make()
    assert (opened.left, opened.size, opened.read(0, 4)) == (None, 4, b"data")


def moved(make, source: int, sizes: list[int]) -> tuple[list[int], bytes, bytes]:
    """The sizes that were moved, what the spool has, and what is left in the source."""

    def run():
        descriptors.move(os.dup(source), 0)
        opened = make()
        place, done = 0, []
        for size in sizes:
            done.append(opened.move(size, place))
            place += done[-1]
        return done, opened.read(0, place), spool.read_input(100)

    answer = in_a_fork(run)
    os.close(source)
    return answer


def test_bytes_of_a_pipe_are_moved(make):
    assert moved(make, full_pipe(b"one two three"), [3, 1, 3]) == (
        [3, 1, 3],
        b"one two",
        b" three",
    )


def test_bytes_of_a_file_are_moved(make):
    with open("input", "wb") as file:
        file.write(b"one two three")
    assert moved(make, files.open_read("input"), [3, 100, 100]) == (
        [3, 10, 0],
        b"one two three",
        b"",
    )


def test_the_end_of_a_pipe_is_told(make):
    assert moved(make, full_pipe(b"x"), [10, 10]) == ([1, 0], b"x", b"")


def test_what_cannot_be_read_is_at_its_end(make):
    assert moved(make, files.open_read("/"), [10]) == ([0], b"", b"")


def test_nothing_there_is_no_end(make):
    def run() -> bool:
        reading, _writing = os.pipe()
        descriptors.move(reading, 0)
        with pytest.raises(BlockingIOError):
            make().move(10, 0)
        os.set_blocking(0, False)
        opened = make()
        opened.spliced = False
        with pytest.raises(BlockingIOError):
            opened.move(10, 0)
        return True

    assert in_a_fork(run)


def test_what_was_read_and_cannot_be_put_there_is_pending(make, monkeypatch):
    def run() -> tuple[int, bytes, bytes]:
        descriptors.move(files.open_read("input"), 0)
        opened = make()
        real = os.pwrite
        os.pwrite = lambda descriptor, text, place: real(descriptor, text[:4], place)
        done = opened.move(100, 0)
        return done, opened.pending, opened.take_unkept(100) + opened.pending

    with open("input", "wb") as file:
        file.write(b"one two three")
    assert in_a_fork(run) == (4, b"two three", b"two three")


def test_it_is_cut_to_its_record(make):
    opened = make()
    opened.keep(RECORD)
    opened.insist_on_adding(b"abc", 2)
    assert (opened.size, opened.read(2, 5)) == (5, b"abc")
    opened.cut()
    assert (opened.size, os.stat("spool").st_size) == (0, DATA)
    assert make().left == RECORD


def test_it_leaves_three_quarters_of_a_disk_to_what_becomes_of_it(make, monkeypatch):
    opened = make()
    opened.keep(RECORD)
    disk = type("Disk", (), {"f_bavail": 100, "f_frsize": 4096})
    monkeypatch.setattr(os, "fstatvfs", lambda _: disk)
    assert opened.share() == 102400
    disk.f_bavail = 0
    assert opened.share() == spool.LEAST
