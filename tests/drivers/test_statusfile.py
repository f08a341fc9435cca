"""Status files: what they show, and trouble while they are written."""

from __future__ import annotations

import errno
import os
import signal

import pytest

from supervise import errors
from supervise.drivers.statusfile import SIZE, StatusFile


@pytest.fixture
def status(orders):
    made = StatusFile("status", orders)
    yield made
    os.close(made.descriptor)


def shown() -> bytes:
    with open("status", "rb") as file:
        return file.read()


@pytest.mark.parametrize("line", [b"", b"x", b"x" * 1000, b"\0\r\xff"])
def test_a_line_is_padded_with_newlines(status, line):
    status.show(b"y" * 1000)
    status.show(line)
    assert shown() == line + b"\n" * (SIZE - len(line))


def test_a_new_file_is_for_its_owner_alone_and_empty_until_there_is_a_line(status):
    assert os.stat("status").st_mode & 0o777 == 0o600
    assert shown() == b""


def test_a_longer_file_keeps_its_tail_and_its_mode(orders):
    with open("status", "wb") as file:
        file.write(b"z" * 1500)
    os.chmod("status", 0o644)
    status = StatusFile("status", orders)
    status.show(b"x")
    os.close(status.descriptor)
    assert shown() == b"x" + b"\n" * 1000 + b"z" * 499
    assert os.stat("status").st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("no/file", "create no/file: file does not exist"),
        (".", "create .: is a directory"),
        ("fifo", "create fifo: device not configured"),
    ],
)
def test_what_cannot_be_opened(orders, name, told):
    os.mkfifo("fifo")
    with pytest.raises(errors.Failure, match=f"^unable to {told}$"):
        StatusFile(name, orders)


@pytest.mark.parametrize("portion", [1, 7, 1000])
def test_a_write_that_takes_only_a_part_is_gone_on_with(status, monkeypatch, portion):
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, text: real(descriptor, text[:portion]))
        status.show(b"line")
    assert shown() == b"line" + b"\n" * (SIZE - 4)


@pytest.mark.parametrize(
    ("call", "number", "told"),
    [
        ("write", errno.ENOSPC, "unable to write status, pausing: out of disk space"),
        ("write", errno.EDQUOT, "unable to write status, pausing: disk quota exceeded"),
        (
            "lseek",
            errno.ESPIPE,
            "unable to move to beginning of status, pausing: unseekable descriptor",
        ),
    ],
)
def test_trouble_is_told_and_waited_for(status, failing, capfd, call, number, told):
    failing(call, 2, number)
    status.show(b"line")
    assert capfd.readouterr().err == f"multilog: warning: {told}\n" * 2
    assert shown() == b"line" + b"\n" * (SIZE - 4)
    assert not status.abandoned


def test_told_to_stop_in_trouble_it_is_given_up(status, failing, orders, capfd):
    failing("write", 1, errno.ENOSPC, stop=True)
    status.show(b"one")
    status.show(b"two")
    assert status.abandoned
    assert shown() == b""
    assert capfd.readouterr().err.count("pausing") == 1


def test_told_to_stop_without_trouble_it_is_written(status, orders):
    os.kill(os.getpid(), signal.SIGTERM)
    status.show(b"last")
    assert shown() == b"last" + b"\n" * (SIZE - 4)
    assert not status.abandoned
