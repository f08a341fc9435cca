"""Limits and signals of tcpserver where it speaks TLS."""

from __future__ import annotations

import os
import signal
import ssl
from pathlib import Path

import pytest

from tests.support import certificates, recordings
from tests.support.patience import PATIENCE, eventually
from tests.support.processes import children, descendants
from tests.support.tcpservers import read_all, start

LEAN = ("-v", "-H", "-R", "-l0")
HELLO = ("/bin/sh", "-c", "echo hello; exec cat")


@pytest.fixture
def background(background):
    yield background
    background.end()
    recordings.gone()


@pytest.fixture
def connect():
    """Be a client of a server that has this certificate."""
    opened = []

    def call(server, certificate):
        opened.append(server.connect())
        context = certificates.client(certificate)
        opened.append(context.wrap_socket(opened[-1], server_hostname=certificates.NAME))
        return opened[-1]

    yield call
    for one in opened:
        one.close()


def test_last_words_are_said_in_the_way_of_all_others(background, tmp_path, certificate, connect):
    options = (*LEAN, "-n", str(certificate.both), "--", *HELLO)
    env = {"MAXCONNIP": "0", "DIEMSG": "421 no"}
    server = start(background, tmp_path, *options, env=env)
    assert read_all(connect(server, certificate)) == b"421 no\r\n"
    eventually(lambda: b" MAXCONNIP:1/0\n" in server.log())


def test_who_is_one_too_many_before_the_handshake_is_told_nothing(
    background, tmp_path, certificate
):
    options = (*LEAN, "-C0:421 no", "-n", str(certificate.both), "--", *HELLO)
    server = start(background, tmp_path, *options)
    assert server.talk() == b""
    eventually(lambda: b" CONCURRENCY:1/0\n" in server.log())


def test_where_the_program_begins_tls_it_is_told(background, tmp_path, certificate):
    options = (*LEAN, "-C0:421 no", "-N", str(certificate.both), "--", *HELLO)
    assert start(background, tmp_path, *options).talk() == b"421 no"


def test_a_new_certificate(background, tmp_path, certificate, connect):
    other = certificates.make(tmp_path)
    used = tmp_path / "used"
    used.write_bytes(certificate.both.read_bytes())
    server = start(background, tmp_path, *LEAN, "-n", str(used), "--", *HELLO)
    first = connect(server, certificate)
    assert first.recv(6) == b"hello\n"
    (tmp_path / "new").write_bytes(other.both.read_bytes())
    os.replace(tmp_path / "new", used)
    server.process.send_signal(signal.SIGHUP)

    def is_new():
        try:
            return connect(server, other).recv(6) == b"hello\n"
        except ssl.SSLCertVerificationError:
            return False

    eventually(is_new, "the new certificate")
    first.sendall(b"on\n")
    assert first.recv(3) == b"on\n"


@pytest.mark.parametrize("grace", ["0", "1000"])
def test_an_end_with_grace(background, tmp_path, certificate, connect, grace):
    options = (*LEAN, "-G", grace, "-n", str(certificate.both), "--", *HELLO)
    server = start(background, tmp_path, *options)
    client = connect(server, certificate)
    assert client.recv(6) == b"hello\n"
    server.process.send_signal(signal.SIGTERM)
    if grace == "1000":
        client.sendall(b"on\n")
        assert client.recv(3) == b"on\n"
        client.unwrap()
        client.close()
    assert server.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGINT])
def test_a_signal_to_all_who_are_called_tcpserver(
    background, tmp_path, certificate, connect, number
):
    options = (*LEAN, "-G", "1000", "-n", str(certificate.both), "--", *HELLO)
    server = start(background, tmp_path, *options)
    client = connect(server, certificate)
    assert client.recv(6) == b"hello\n"
    (program,) = (pid for pid in children(server.process.pid) if b"cat" in words(pid))
    for pid in {server.process.pid, *descendants(server.process.pid)} - {program}:
        os.kill(pid, number)
    client.sendall(b"on\n")
    assert client.recv(3) == b"on\n"
    assert server.process.poll() is None
    client.unwrap()
    client.close()
    assert server.stop() == 0


def words(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
