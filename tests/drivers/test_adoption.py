from __future__ import annotations

import errno
import os
import shutil

import pytest

from supervise.drivers import adoption
from supervise.drivers.adoption import Record
from supervise.errors import Failure
from supervise.formats.adoption import NOTHING, Birth, Memory
from supervise.formats.status import UP, Status
from supervise.formats.tai64 import EPOCH, Tai64n
from supervise.unix import descriptors, processes

SINCE = Tai64n(EPOCH + 7, 500)


def memory(pid: int | None) -> Memory:
    return Memory(Status(SINCE, pid, False, UP), 1.5, False, False)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    (tmp_path / "supervise").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def record():
    record = Record("sv")
    yield record
    os.close(record.descriptor)


def test_what_was_kept_is_found_by_the_next(record, here):
    record.keep(memory(os.getpid()))
    kept, birth = record.left()
    assert kept == memory(os.getpid())
    assert birth == Birth(adoption.boot_id(), adoption.start_time(os.getpid()))
    assert (here / "supervise/child").stat().st_mode & 0o777 == 0o600


def test_the_child_that_is_kept(record):
    assert record.child is None
    record.keep(memory(os.getpid()))
    assert record.child == (os.getpid(), adoption.start_time(os.getpid()))
    record.keep(memory(None))
    assert record.child is None


def test_one_that_left_leaves_nothing(record, here):
    record.keep(memory(None))
    record.clear()
    assert record.left() is None
    assert (here / "supervise/child").read_bytes() == NOTHING


@pytest.mark.parametrize("garbage", [b"", b"x", b"\0" * 74, b"sv1\n" * 40])
def test_what_is_no_record_leaves_nothing(record, here, garbage):
    (here / "supervise/child").write_bytes(garbage)
    assert record.left() is None


def test_the_record_of_an_earlier_boot_says_nothing(record, monkeypatch):
    record.keep(memory(os.getpid()))
    monkeypatch.setattr(record, "boot", bytes(16))
    assert record.left() is None


def test_a_copy_of_the_directory_says_nothing_of_the_process(record, here):
    record.keep(memory(os.getpid()))
    shutil.copytree(here / "supervise", here / "copy/supervise")
    assert adoption.left_in(str(here / "copy")) is None
    (here / "supervise").rename(here / "elsewhere")
    (here / "supervise").symlink_to(here / "elsewhere")
    assert adoption.left_in(str(here)) == record.left()
    assert record.left() is not None


def test_whoever_gets_the_number_of_one_that_has_ended_is_not_kept(record, monkeypatch):
    record.keep(memory(os.getpid()))
    monkeypatch.setattr(adoption, "start_time", lambda pid: 1)
    record.keep(memory(os.getpid()))
    _, birth = record.left()
    assert birth.start_time > 1
    record.keep(memory(None))
    record.keep(memory(os.getpid()))
    assert record.left()[1].start_time == 1


def test_the_next_supervise_keeps_the_same_birth(record, here, monkeypatch):
    record.keep(memory(os.getpid()))
    monkeypatch.setattr(adoption, "start_time", lambda pid: 1)
    found = record.left()
    record.keep(memory(os.getpid()))
    assert record.left() == found


def test_that_very_process_is_found():
    started = adoption.start_time(os.getpid())
    pidfd = adoption.find(os.getpid(), Birth(adoption.boot_id(), started))
    assert pidfd is not None
    os.close(pidfd)


def test_another_process_of_that_number_is_not():
    started = adoption.start_time(os.getpid())
    assert adoption.find(os.getpid(), Birth(adoption.boot_id(), started + 1)) is None
    assert adoption.find(os.getpid(), Birth(adoption.boot_id(), 0)) is None


def test_a_process_that_is_gone_is_not_found():
    pid = processes.fork(lambda: 0)
    birth = Birth(adoption.boot_id(), adoption.start_time(pid))
    os.waitpid(pid, 0)
    assert adoption.find(pid, birth) is None


def test_trouble_is_told_once_until_it_is_over(record, capfd, monkeypatch):
    def fail(*_: object) -> int:
        raise OSError(errno.EIO, "made up")

    with monkeypatch.context() as disk:
        disk.setattr(os, "pwrite", fail)
        record.keep(memory(None))
        record.keep(memory(None))
    warning = "supervise: warning: unable to write sv/supervise/child: input/output error\n"
    assert capfd.readouterr().err == warning
    record.keep(memory(None))
    assert record.left() is not None
    monkeypatch.setattr(os, "pwrite", fail)
    record.clear()
    assert capfd.readouterr().err == warning
    record.clear()
    assert capfd.readouterr().err == "", "said once"


def fail(*_: object) -> bytes:
    raise OSError(errno.EIO, "made up")


def test_a_record_that_cannot_be_read_is_not_taken_for_none(record, monkeypatch, here):
    record.keep(memory(os.getpid()))
    monkeypatch.setattr(os, "pread", fail)
    with pytest.raises(Failure, match="unable to read sv/supervise/child: input/output error"):
        record.left()
    with pytest.raises(OSError, match="made up"):
        adoption.left_in(str(here))


@pytest.mark.parametrize("place", ["adoption.os.pidfd_open", "adoption.lifetimes.start_time"])
def test_a_process_that_cannot_be_looked_at_is_not_taken_for_gone(monkeypatch, place):
    birth = Birth(adoption.boot_id(), adoption.start_time(os.getpid()))
    before = descriptors.above_standard()
    monkeypatch.setattr(f"supervise.drivers.{place}", fail)
    with pytest.raises(OSError, match="made up"):
        adoption.find(os.getpid(), birth)
    assert descriptors.above_standard() == before


def test_which_boot_this_is_must_be_known_where_it_can_be(monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        patch.setattr(adoption, "BOOT_ID", str(tmp_path / "missing"))
        assert adoption.boot_id() == bytes(16)
    monkeypatch.setattr(os, "read", fail)
    with pytest.raises(OSError, match="made up"):
        adoption.boot_id()


def test_a_child_whose_birth_cannot_be_told_is_kept_the_next_time(record, monkeypatch, capfd):
    with monkeypatch.context() as patch:
        patch.setattr(adoption, "start_time", fail)
        assert not record.keep(memory(os.getpid()))
    assert "unable to describe the child in sv/supervise/child" in capfd.readouterr().err
    assert record.keep(memory(os.getpid()))
    assert record.left()[1].start_time == adoption.start_time(os.getpid())


def test_where_the_record_cannot_be_cleared_it_is_removed(record, monkeypatch, here):
    record.keep(memory(None))
    with monkeypatch.context() as disk:
        disk.setattr(os, "pwrite", fail)
        record.clear()
    assert not (here / "supervise/child").exists()
