"""scripts/run as a newcomer types it, at a terminal."""

from __future__ import annotations

import os
import re
import smtplib
import socket
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.support.patience import PATIENCE, eventually
from tests.support.processes import children, finish

CHECKOUT = Path(__file__).parents[2]
RUN = str(CHECKOUT / "scripts" / "run")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[pexpect.spawn]:
    """scripts/run on a free port, at a terminal of its own."""
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    session = pexpect.spawn(RUN, [str(port)], env=environment, timeout=PATIENCE, encoding="utf-8")
    session.port = port
    yield session
    session.close(force=True)


def send(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.sendmail("me@localhost", ["you@localhost"], "Subject: hello\r\n\r\nhello\r\n")
    except ConnectionRefusedError:
        return False
    return True


def test_mail_is_accepted_and_ctrl_c_stops_everything(terminal):
    terminal.expect(r"Read the log: (\S+) \(mail is in (\S+)\)")
    log, new = Path(terminal.match[1]), Path(terminal.match[2])
    terminal.expect("Ctrl-C")
    eventually(lambda: send(terminal.port))
    (message,) = [path.read_bytes() for path in new.iterdir()]
    assert message.endswith(b"Subject: hello\n\nhello\n")
    terminal.sendcontrol("c")
    terminal.expect(pexpect.EOF)
    assert terminal.wait() == 0
    assert b"tcpserver: status: 1/40\n" in log.read_bytes()
    assert log.stat().st_mode & 0o100, "multilog closed its log cleanly"
    assert children() == []


def test_ctrl_c_ends_a_session_that_is_open(terminal):
    terminal.expect("Ctrl-C")
    client = eventually(lambda: connect(terminal.port))
    assert client.recv(100).startswith(b"220 ")
    terminal.sendcontrol("c")
    terminal.expect(pexpect.EOF)
    assert terminal.wait() == 0
    assert client.recv(100) == b""
    client.close()
    assert children() == []


def connect(port: int) -> socket.socket | None:
    try:
        return socket.create_connection(("127.0.0.1", port))
    except ConnectionRefusedError:
        return None


def test_a_second_start_on_the_same_port_says_so(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = finish([RUN, str(taken.getsockname()[1])], cwd=tmp_path)
    expected = rb"scripts/run: fatal: unable to listen on port \d+: address already used\n"
    assert done.code == 111
    assert re.fullmatch(expected, done.stderr)


@pytest.mark.parametrize("argv", [["smtp"], ["25", "26"], ["-h"]])
def test_wrong_arguments(argv):
    assert finish([RUN, *argv]) == (100, b"", b"scripts/run: usage: scripts/run [ port ]\n")


def test_a_port_that_does_not_exist():
    done = finish([RUN, "99999"])
    line = b"scripts/run: fatal: unable to listen on port 99999: no such port\n"
    assert done == (111, b"", line)
