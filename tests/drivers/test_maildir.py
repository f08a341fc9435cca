from __future__ import annotations

import errno
import os
import stat

import pytest

from supervise.drivers import maildir
from supervise.drivers.maildir import Delivery


@pytest.fixture
def path(tmp_path):
    path = str(tmp_path / "Maildir")
    maildir.make(path)
    return path


def names(path: str, part: str) -> list[str]:
    return os.listdir(f"{path}/{part}")


def test_a_maildir_is_made_private(path):
    for part in ("", "tmp", "new", "cur"):
        assert stat.S_IMODE(os.stat(f"{path}/{part}").st_mode) == 0o700


def test_what_is_made_is_synced_and_nothing_stays_open(tmp_path, monkeypatch):
    synced = []

    def sync(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.chdir(tmp_path)
    before = len(os.listdir("/proc/self/fd"))
    maildir.make("Maildir")
    assert synced == [str(tmp_path / "Maildir"), str(tmp_path)]
    maildir.make("Maildir")
    assert len(synced) == 2
    delivery = Delivery("Maildir")
    delivery.sync()
    delivery.publish()
    delivery.settle()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_maildir_that_is_there_is_left_as_it_is(path):
    os.chmod(path, 0o750)
    os.rmdir(f"{path}/cur")
    maildir.make(path)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o750
    assert names(path, "cur") == []


def test_a_file_in_the_place_of_a_maildir(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        maildir.make(str(tmp_path / "file"))


def test_a_message_shows_itself_when_it_is_whole(path):
    source = os.open(f"{path}/source", os.O_RDWR | os.O_CREAT)
    os.write(source, b"copied " * 100_000)
    delivery = Delivery(path)
    delivery.write(b"written ")
    delivery.copy_from(source)
    delivery.sync()
    assert (names(path, "tmp"), names(path, "new")) == ([delivery.name], [])
    delivery.publish()
    delivery.settle()
    assert (names(path, "tmp"), names(path, "new")) == ([], [delivery.name])
    with open(f"{path}/new/{delivery.name}", "rb") as file:
        assert file.read() == b"written " + b"copied " * 100_000
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600
    os.close(source)


def test_what_is_discarded_is_gone(path):
    delivery = Delivery(path)
    delivery.write(b"half")
    delivery.discard()
    delivery.discard()
    os.close(delivery.descriptor)
    assert (names(path, "tmp"), names(path, "new")) == ([], [])


def test_what_was_shown_and_is_discarded_is_gone(path):
    delivery = Delivery(path)
    delivery.sync()
    delivery.publish()
    delivery.discard()
    assert (names(path, "tmp"), names(path, "new")) == ([], [])


def test_a_name_under_tmp_that_stays_is_no_trouble(path, monkeypatch):
    def refuse(path: str) -> None:
        raise PermissionError(errno.EACCES, path)

    delivery = Delivery(path)
    delivery.sync()
    delivery.publish()
    monkeypatch.setattr(os, "unlink", refuse)
    delivery.settle()
    assert (names(path, "tmp"), names(path, "new")) == ([delivery.name], [delivery.name])


def test_everything_is_synced_before_it_is_shown_and_the_name_after(path, monkeypatch):
    order = []
    fsync, link = os.fsync, os.link

    def sync(descriptor: int) -> None:
        order.append("sync " + os.readlink(f"/proc/self/fd/{descriptor}").split("/")[-1])
        fsync(descriptor)

    def show(old: str, new: str) -> None:
        order.append("link")
        link(old, new)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "link", show)
    delivery = Delivery(path)
    delivery.sync()
    delivery.publish()
    delivery.settle()
    assert order == [f"sync {delivery.name}", "link", "sync new"]


def test_a_name_that_is_taken_is_not_used(path, monkeypatch):
    candidates = iter(["taken", "taken", "free"])
    monkeypatch.setattr(maildir, "unique_name", lambda: next(candidates))
    first, second = Delivery(path), Delivery(path)
    assert (first.name, second.name) == ("taken", "free")
    for delivery in (first, second):
        os.close(delivery.descriptor)


def test_a_clock_that_went_back_brings_no_name_again(monkeypatch):
    monkeypatch.setattr(maildir.time, "time_ns", lambda: 0)
    assert len({maildir.unique_name() for _ in range(100)}) == 100


def test_names_that_are_always_taken_are_trouble(path, monkeypatch):
    monkeypatch.setattr(maildir, "unique_name", lambda: "taken")
    first = Delivery(path)
    with pytest.raises(FileExistsError):
        Delivery(path)
    os.close(first.descriptor)


def test_a_message_in_new_is_never_replaced(path):
    delivery = Delivery(path)
    with open(f"{path}/new/{delivery.name}", "w") as file:
        file.write("mine")
    delivery.sync()
    with pytest.raises(FileExistsError):
        delivery.publish()
    delivery.discard()
    with open(f"{path}/new/{delivery.name}") as file:
        assert file.read() == "mine"


def test_a_name_tells_time_process_and_host(monkeypatch):
    assert maildir.unique_name().split(".")[1].endswith(f"P{os.getpid()}")
    uname = os.uname_result(("Linux", "a/b:c", "", "", ""))
    monkeypatch.setattr(os, "uname", lambda: uname)
    assert maildir.unique_name().endswith(r".a\057b\072c")
    assert not maildir.unique_name().startswith(".")


def test_a_file_without_a_name(path):
    descriptor = maildir.create_nameless(path)
    os.write(descriptor, b"x")
    assert os.pread(descriptor, 10, 0) == b"x"
    assert names(path, "tmp") == []
    os.close(descriptor)


def test_a_full_disk_is_told(path):
    with open("/dev/full", "wb", buffering=0) as full:
        delivery = Delivery(path)
        os.dup2(full.fileno(), delivery.descriptor)
        with pytest.raises(OSError, match="space") as raised:
            delivery.write(b"x")
        assert raised.value.errno == errno.ENOSPC
        os.close(delivery.descriptor)
