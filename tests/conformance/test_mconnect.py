"""mconnect and the other scripts of the shell beside those of Debian's ucspi-tcp."""

from __future__ import annotations

import os
import socket
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import oneserver, processes
from tests.support.networks import on_six_and_seven
from tests.support.patience import PATIENCE
from tests.support.processes import Background
from tests.support.sidebyside import BASE, needs

pytestmark = needs("mconnect")


def same(server, name, *argv, stdin=b"", env=None):
    """What both print and send, when it is the same."""
    seen = []
    for path in (f"/usr/bin/{name}", processes.script(name)):
        done = processes.finish([path, *argv], stdin, env={**BASE, **(env or {})})
        seen.append((done, server.heard() if done.code == 0 else None))
    assert seen[1] == seen[0]
    return seen[0]


ANSWER = b"one\r\n\r\ntwo\r\r\n\nthree \xe4\x01\tlast\r"


@pytest.mark.parametrize("said", [b"quit\n", b"helo\r\nquit\n", b"\n\nquit\n"])
def test_mconnect(background, said):
    server = oneserver.start(background, ANSWER, b"quit\r\n")
    same(server, "mconnect", "127.0.0.1", str(server.port), stdin=said)


def test_tcpcat(background):
    server = oneserver.start(background, ANSWER)
    same(server, "tcpcat", "127.0.0.1", str(server.port))


PAGES = [
    b"HTTP/1.0 200 OK\r\nA: b\r\n\r\nline 1\r\n\r\nline 3\r\n\r\nlast no newline",
    b"HTTP/1.0 404 no\n\nonly\n",
    b"no page at all\r\n",
    b"HTTP/1.0 200 OK\r\n\r\n \r\n\xe4\r\r\n",
    b"",
]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("path", ["", "a/b c", "%s"])
def test_http(background, page, path):
    server = oneserver.start(background, page, b"\r\n\r\n")
    same(server, "http@", "127.0.0.1", path, str(server.port))


@pytest.mark.needs_root
@pytest.mark.parametrize(
    ("name", "port", "argv", "enough"),
    [
        ("date@", 13, (), b""),
        ("who@", 11, (), b""),
        ("finger@", 79, (), b"\r\n"),
        ("finger@", 79, ("joe",), b"joe\r\n"),
        ("finger@", 79, ("a  b\nc",), b"c\r\n"),
        ("finger@", 79, ("",), b"\r\n"),
        ("http@", 80, ("page",), b"\r\n\r\n"),
    ],
)
def test_ports(background, name, port, argv, enough):
    ip = f"127.56.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}"
    server = oneserver.start(background, ANSWER, enough, ip, port)
    assert same(server, name, ip, *argv)[0].code == 0


@pytest.mark.parametrize("name", ["mconnect", "tcpcat", "date@", "who@", "finger@", "http@"])
@pytest.mark.parametrize("argv", [("127.1",), ("127.1", "-x"), ("[]", "x y")])
def test_hosts_that_are_none(name, argv):
    env = {**BASE, "DNSREWRITEFILE": "/dev/null"}
    original, ours = (
        processes.finish([path, *argv], env=env)
        for path in (f"/usr/bin/{name}", processes.script(name))
    )
    assert ours == original


def copied(command, turns):
    """What the network and the reader get of mconnect-io, turn by turn."""
    seen = []
    background = Background()
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process, network = on_six_and_seven(background, command, **streams)
    with network:
        for turn in turns:
            os.write(process.stdin.fileno(), turn + b"$")
            sent = b""
            while sent.count(b"$") <= turn.count(b"$"):
                sent += network.recv(65536)
            network.sendall(turn + b"$")
            answered = b""
            while len(answered) <= len(turn):
                answered += os.read(process.stdout.fileno(), 65536)
            seen.append((sent, answered))
        network.shutdown(socket.SHUT_WR)
        seen.append(process.wait(PATIENCE))
    background.end()
    return seen


@settings(max_examples=10)
@given(st.lists(st.text("ab\r\n", max_size=600).map(str.encode), max_size=4))
def test_mconnect_io(turns):
    ours = copied([processes.script("mconnect-io")], turns)
    assert ours == copied(["/usr/bin/mconnect-io"], turns)
