from __future__ import annotations

import socket
import time

import pytest

from supervise.drivers import identity
from supervise.unix import sockets
from supervise.unix.sockets import End
from tests.support.patience import PATIENCE
from tests.support.tcpservers import start_ident

LOCAL, REMOTE = End(b"\x7f\0\0\5", 25), End(b"\x7f\0\0\1", 5000)


@pytest.mark.parametrize(
    ("answer", "user"),
    [
        (b"5000,25:USERID:UNIX:joe\r\n", b"joe"),
        (b"5000,25:USERID:UNIX:joe\nmore", b"joe"),
        (b"5000,25:ERROR:NO-USER\r\n", b""),
        (b"5000,25:USERID:UNIX:joe", None),
        (b"", None),
        (b"x" * 5000 + b"\n", None),
    ],
)
def test_answers(background, answer, user):
    server = start_ident(background, answer)
    assert identity.ask(LOCAL, REMOTE, PATIENCE, server.port) == user
    # Asked from the address that the client had connected to.
    assert server.process.stdout.readline() == b"127.0.0.5 b'5000 , 25\\r\\n'\n"


def test_an_answer_in_pieces():
    asking, answering = socket.socketpair()
    with asking, answering:
        deadline = time.monotonic() + PATIENCE
        answering.sendall(b"5000,25:USER")
        answering.sendall(b"ID:UNIX:joe\r\n")
        assert identity.read_line(Slowly(asking), deadline) == b"5000,25:USERID:UNIX:joe\r"


class Slowly:
    """A socket that gives one byte at a time."""

    def __init__(self, asking):
        self.settimeout = asking.settimeout
        self.recv = lambda size: asking.recv(1)


def test_ipv6(background):
    server = start_ident(background, b"1,2:USERID:UNIX:six\n", ip="::1")
    me = End(bytes(15) + b"\1", 25)
    assert identity.ask(me, me._replace(port=5000), PATIENCE, server.port) == b"six"


def test_nobody_there():
    with sockets.unbound(socket.AF_INET) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        assert identity.ask(LOCAL, REMOTE, PATIENCE, port) is None


@pytest.mark.parametrize("patience", [0, 0.2])
def test_no_answer_in_time(background, patience):
    server = start_ident(background, b"5000,25:USERID:", wait=True)
    assert identity.ask(LOCAL, REMOTE, patience, server.port) is None


def test_more_patience_than_a_timer_can_hold(background):
    server = start_ident(background, b"1,2:USERID:UNIX:joe\n")
    assert identity.ask(LOCAL, REMOTE, 2**64 - 1, server.port) == b"joe"
