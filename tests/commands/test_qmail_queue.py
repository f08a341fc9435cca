from __future__ import annotations

import os
import re
import resource
import signal
import subprocess

import pytest

from supervise.formats import envelope
from tests.support.mail import DATE, Home
from tests.support.patience import PATIENCE, eventually
from tests.support.processes import module

ENVELOPE = envelope.pack(b"s@x", [b"r@y"])


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def queue(home: Home, message: bytes, addresses: bytes, **options) -> tuple[int, bytes]:
    """The exit code, and what was said on descriptor 2."""
    options = {"env": home.environment(), **options}
    (home.path / "envelope").write_bytes(addresses)
    with (home.path / "envelope").open("rb") as descriptor_1:
        done = subprocess.run(
            module("qmail-queue"), input=message, stdout=descriptor_1, stderr=subprocess.PIPE,
            timeout=PATIENCE, check=False, **options,
        )  # fmt: skip
    return done.returncode, done.stderr


def test_a_message(home):
    addresses = envelope.pack(b"s@x", [b"a@y", b"b@y"])
    assert queue(home, b"Subject: x\r\n\nbody", addresses) == (0, b"")
    (message,) = home.messages
    assert re.fullmatch(
        rb"Return-Path: <s@x>\nDelivered-To: a@y\nDelivered-To: b@y\n"
        rb"Received: \(qmail \d+ invoked by uid %d\); "
        % os.getuid()
        + DATE
        + rb"\nSubject: x\r\n\nbody",
        message,
    )


def test_from_the_network(home):
    env = home.environment(PROTO="TCP", TCPREMOTEIP="1.2.3.4")
    assert queue(home, b"x\n", ENVELOPE, env=env) == (0, b"")
    assert b" invoked from network); " in home.messages[0]


def test_neither_sender_nor_recipients(home):
    assert queue(home, b"", b"F\0\0") == (0, b"")
    assert home.messages[0].startswith(b"Return-Path: <>\nReceived: (qmail ")


def test_addresses_cannot_add_lines(home):
    assert queue(home, b"x\n", b"Fs\nBcc: z@x\0Tr\r\n\n@y\0\0") == (0, b"")
    assert home.messages[0].startswith(b"Return-Path: <s?Bcc: z@x>\nDelivered-To: r???@y\nReceived")


def test_many_recipients(home):
    recipients = [b"r%d@y" % number for number in range(20_000)]
    assert queue(home, b"x\n", envelope.pack(b"s", recipients)) == (0, b"")
    lines = home.messages[0].split(b"\n")
    assert lines[1:-3] == [b"Delivered-To: " + recipient for recipient in recipients]


@pytest.mark.parametrize(
    ("addresses", "code"),
    [
        (b"", 54),
        (b"Fs\0", 54),
        (b"Fs\0Tr\0", 54),
        (b"Fs\0Tr", 54),
        (b"X\0\0", 91),
        (b"Ts\0\0", 91),
        (b"\0", 91),
        (b"Fs\0Fr\0\0", 91),
        (b"Fs\0rubbish", 91),
        (b"F" + b"s" * 1001 + b"\0\0", 0),
        (b"F" + b"s" * 1002 + b"\0\0", 11),
        (b"Fs\0T" + b"r" * 1002 + b"\0\0", 11),
        (b"Fs\0T" + b"r" * 100_000, 11),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_envelopes(home, addresses, code):
    assert queue(home, b"x\n", addresses) == (code, b"")
    assert len(home.messages) == (code == 0)


def test_no_home(home):
    env = home.environment(QMAILHOME=str(home.path / "none"))
    assert queue(home, b"x\n", ENVELOPE, env=env) == (61, b"")


def test_a_maildir_that_is_none(home):
    home.maildir.write_text("")
    assert queue(home, b"x\n", ENVELOPE) == (62, b"")


def test_a_maildir_whose_parts_are_none(home):
    home.maildir.mkdir()
    (home.maildir / "tmp").write_text("")
    assert queue(home, b"x\n", ENVELOPE) == (63, b"")


def test_new_that_is_none(home):
    home.maildir.mkdir()
    (home.maildir / "new").write_text("")
    assert queue(home, b"x\n", ENVELOPE) == (66, b"")
    assert home.files("tmp") == []


def test_descriptors_that_are_not_open(home):
    for number in (0, 1):
        command = ["/bin/sh", "-c", f'exec {number}<&- "$@"', "sh", *module("qmail-queue")]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=home.environment(),
            timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (54, b"")
        assert home.messages == []


def test_a_file_that_may_not_grow(home):
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    assert queue(home, b"x\n", ENVELOPE, preexec_fn=limit) == (0, b"")
    assert queue(home, b"x" * 49_990, ENVELOPE, preexec_fn=limit) == (53, b"")
    assert queue(home, b"x" * 100_000, ENVELOPE, preexec_fn=limit) == (53, b"")
    assert len(home.messages) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM])
def test_a_stop(home, background, number):
    reading, writing = os.pipe()
    process = background.start(
        module("qmail-queue"), stdin=subprocess.PIPE, stdout=reading, stderr=subprocess.PIPE,
        env=home.environment(),
    )  # fmt: skip
    process.stdin.write(b"message\n")
    process.stdin.close()
    process.stdin = None
    eventually(lambda: home.files("tmp"))
    process.send_signal(number)
    assert process.communicate(timeout=PATIENCE) == (None, b"")
    assert process.returncode == 71
    assert home.messages == []
    os.close(reading)
    os.close(writing)
