from __future__ import annotations

import os

import pytest

from supervise.drivers import servicedir
from supervise.errors import Failure
from supervise.formats import status, tai64
from supervise.formats.status import Status

LATER = tai64.Tai64n(tai64.EPOCH + 2**33, 500)  # whose age is 0


@pytest.fixture(autouse=True)
def service(tmp_path, monkeypatch):
    (tmp_path / "sv/supervise").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "sv")
    return tmp_path / "sv"


def test_each_is_entered_and_left(service):
    os.chdir(service.parent)
    seen = []
    for path, trouble in servicedir.each(["sv", "missing", "sv/supervise", "."]):
        seen.append((path, trouble and trouble.errno, os.getcwd()))
    parent = str(service.parent)
    assert seen == [
        ("sv", None, f"{parent}/sv"),
        ("missing", 2, parent),
        ("sv/supervise", None, f"{parent}/sv/supervise"),
        (".", None, parent),
    ]
    assert os.getcwd() == parent


def test_each_leaves_no_descriptor_open():
    before = os.listdir("/proc/self/fd")
    assert list(servicedir.each(["."])) == [(".", None)]
    assert os.listdir("/proc/self/fd") == before


def test_there_is_no_way_back(service):
    os.chdir(service.parent)
    paths = servicedir.each(["sv"])
    next(paths)
    os.rename(service, service.parent / "moved")  # where we are does not matter for that
    assert list(paths) == []
    assert os.getcwd() == str(service.parent)


def test_normally_up(service):
    assert servicedir.normally_up()
    (service / "down").touch()
    assert not servicedir.normally_up()
    (service / "down").unlink()
    (service / "down").symlink_to("down")
    with pytest.raises(OSError, match="symbolic links"):
        servicedir.normally_up()


def test_letters_are_written_in_one_piece(service):
    os.mkfifo("supervise/control")
    reader = os.open("supervise/control", os.O_RDONLY | os.O_NONBLOCK)
    control = servicedir.open_control()
    servicedir.write_control(control, b"dx")
    assert os.read(reader, 10) == b"dx"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(control)
    os.close(reader)
    with pytest.raises(OSError, match="No such device"):
        servicedir.open_control()


def test_supervised(service):
    assert not servicedir.supervised()
    os.mkfifo("supervise/ok")
    assert not servicedir.supervised()
    reader = os.open("supervise/ok", os.O_RDONLY | os.O_NONBLOCK)
    assert servicedir.supervised()
    os.close(reader)
    os.unlink("supervise/ok")
    os.mkdir("supervise/ok")
    with pytest.raises(IsADirectoryError):
        servicedir.supervised()


def test_describe(service):
    assert servicedir.describe() == "unable to open supervise/ok: file does not exist"
    (service / "supervise/ok").touch()
    assert servicedir.describe() == "unable to open supervise/status: file does not exist"
    file = service / "supervise/status"
    file.write_bytes(b"short")
    assert servicedir.describe() == "unable to read supervise/status: bad format"
    file.write_bytes(status.pack(Status(LATER, 7, False, b"d")) + b"longer")
    assert servicedir.describe() == "up (pid 7) 0 seconds, want down"
    (service / "down").touch()
    assert servicedir.describe() == "up (pid 7) 0 seconds, normally down, want down"


def test_the_directory_may_not_be_read(monkeypatch):
    def refuse(path: str) -> int:
        raise PermissionError(13, "x")

    monkeypatch.setattr(servicedir.files, "open_read", refuse)
    with pytest.raises(Failure) as failure:
        list(servicedir.each(["."]))
    assert failure.value.text == "unable to open current directory: access denied"


def test_whether_all_is_killed_with_it(service):
    assert not servicedir.kills_all()
    (service / "kill-all").touch()
    assert servicedir.kills_all()
    (service / "kill-all").unlink()
    (service / "kill-all").symlink_to("kill-all")
    assert not servicedir.kills_all(), "what cannot be seen kills nobody"
