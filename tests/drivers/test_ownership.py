from __future__ import annotations

import errno
import fcntl
import os
import stat

import pytest

from supervise.drivers import ownership, servicedir
from supervise.drivers.ownership import Ownership
from supervise.errors import Failure
from supervise.formats import status, tai64
from supervise.formats.status import Status
from supervise.unix import descriptors

RECORD = Status(tai64.Tai64n(tai64.EPOCH, 500), 7, True, b"u")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    umask = os.umask(0o022)
    yield tmp_path
    os.umask(umask)


@pytest.fixture
def own():
    """Take the directory; what is opened is closed again."""
    before = set(descriptors.above_standard())
    yield lambda: Ownership("sv")
    for descriptor in set(descriptors.above_standard()) - before:
        try:
            os.close(descriptor)
        except OSError:
            pass  # the listing's own


def modes(here) -> dict[str, str]:
    return {path.name: stat.filemode(path.stat().st_mode) for path in here.rglob("*")}


def test_what_is_made(own, here):
    directory = own()
    assert not servicedir.supervised()
    directory.publish(RECORD)
    directory.announce()
    assert servicedir.supervised()
    assert modes(here) == {
        "supervise": "drwx------",
        "lock": "-rw-------",
        "control": "prw-------",
        "ok": "prw-------",
        "status": "-rw-r--r--",
    }
    assert (here / "supervise/status").read_bytes() == status.pack(RECORD)
    for descriptor in (directory.lock, directory.control, directory.control_writer, directory.ok):
        assert fcntl.fcntl(descriptor, fcntl.F_GETFD) == fcntl.FD_CLOEXEC


def test_what_is_there_keeps_its_mode(own, here):
    (here / "supervise").mkdir(0o755)
    for name in ("control", "ok"):
        os.mkfifo(here / "supervise" / name)
        (here / "supervise" / name).chmod(0o620)
    own().announce()
    assert modes(here) == {
        "supervise": "drwxr-xr-x",
        "lock": "-rw-------",
        "control": "prw--w----",
        "ok": "prw--w----",
    }


def test_a_second_one_is_kept_out(own):
    own()
    with pytest.raises(Failure) as failure:
        Ownership("sv")
    assert failure.value.text == "unable to acquire sv/supervise/lock: temporary failure"
    assert failure.value.code == 111


def test_commands_come_in_order_and_the_fifo_never_ends(own):
    directory = own()
    assert directory.commands() == []
    for letters in (b"u", b"dx"):
        servicedir.write_control(servicedir.open_control(), letters)
    assert directory.commands() == [b"u", b"d", b"x"]
    assert directory.commands() == []


def test_a_control_that_is_no_fifo(own, here):
    (here / "supervise").mkdir()
    (here / "supervise/control").touch()
    with pytest.raises(EOFError):
        own().commands()


def test_a_dangling_link_gets_its_target(own, here):
    (here / "supervise").symlink_to("state")
    own()
    assert stat.S_IMODE((here / "state").stat().st_mode) == 0o700


def trouble(number: int):
    def fail(*arguments: object) -> int:
        raise OSError(number, "x")

    return fail


@pytest.mark.parametrize(
    ("name", "call", "text"),
    [
        ("files.open_trunc", trouble(errno.ENOSPC), "open sv/supervise/status.new"),
        ("os.write", trouble(errno.ENOSPC), "write sv/supervise/status.new"),
        ("os.rename", trouble(errno.ENOSPC), "rename sv/supervise/status.new to status"),
    ],
)
def test_a_status_that_cannot_be_published_is_a_warning(own, monkeypatch, capfd, name, call, text):
    directory = own()
    write = os.write
    with monkeypatch.context() as patch:
        if name == "os.write":
            # Only the status: the warning is written too.
            def call(descriptor: int, record: bytes) -> int:
                return write(descriptor, record) if descriptor == 2 else trouble(errno.ENOSPC)()

        patch.setattr(f"supervise.drivers.ownership.{name}", call)
        directory.publish(RECORD)
    assert capfd.readouterr().err == f"supervise: warning: unable to {text}: out of disk space\n"


def test_a_status_that_is_cut_is_a_warning(own, monkeypatch, capfd, here):
    directory = own()
    directory.publish(RECORD)
    write = os.write
    monkeypatch.setattr(
        ownership.os, "write", lambda fd, record: write(fd, record[:17] if fd > 2 else record)
    )
    directory.publish(RECORD._replace(pid=None))
    monkeypatch.undo()
    warning = "supervise: warning: unable to write sv/supervise/status.new: partial write\n"
    assert capfd.readouterr().err == warning
    assert (here / "supervise/status").read_bytes() == status.pack(RECORD)
