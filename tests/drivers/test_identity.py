from __future__ import annotations

import contextlib
import socket

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from supervise.drivers import identity
from supervise.unix import sockets
from supervise.unix.sockets import End
from supervise.unix.together import Together
from tests.support.conversations import finish, soon
from tests.support.tcpservers import start_ident

LOCAL, REMOTE = End(b"\x7f\0\0\5", 25), End(b"\x7f\0\0\1", 5000)


def ask(monkeypatch, port, local=LOCAL, remote=REMOTE, until=None):
    monkeypatch.setattr(identity, "PORT", port)
    return finish(identity.ask(local, remote, soon() if until is None else until))


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
def test_answers(background, monkeypatch, answer, user):
    server = start_ident(background, answer)
    assert ask(monkeypatch, server.port) == user
    # Asked from the address that the client had connected to.
    assert server.process.stdout.readline() == b"127.0.0.5 b'5000 , 25\\r\\n'\n"


def test_an_answer_in_pieces():
    asking, answering = socket.socketpair()
    with asking, answering:
        asking.setblocking(False)
        answering.sendall(b"5000,25:USER")
        with Together([identity.read_line(asking, soon())]) as reading:
            answering.sendall(b"ID:UNIX:joe\r\n")
            assert reading.answer(0) == b"5000,25:USERID:UNIX:joe\r"


PIECE = st.one_of(st.binary(min_size=1, max_size=9), st.just(b"x" * 3000))


@given(st.lists(PIECE, max_size=9))
@example([b"x" * 3000, b"x" * 2000 + b"\n"])
def test_whatever_comes_is_a_line_or_none(pieces):
    """However it comes: a line that ends within the limit, else nothing."""
    stream = b"".join(pieces)
    asking, answering = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # piece by piece
    with asking, answering:
        asking.setblocking(False)
        with Together([identity.read_line(asking, soon())]) as reading:
            for piece in pieces:
                answering.send(piece)
            answering.shutdown(socket.SHUT_WR)
            line, feed, _ = stream[: identity.LONGEST_LINE].partition(b"\n")
            assert reading.answer(0) == (line if feed else None)


def test_a_line_that_goes_on_is_not_kept():
    """No more is read than a line may be long."""
    asking, answering = socket.socketpair()
    with asking, answering:
        asking.setblocking(False)
        answering.setblocking(False)
        sent = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                sent += answering.send(b"x" * 1000)
        assert finish(identity.read_line(asking, soon())) is None
        left = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                left += len(asking.recv(65536))
    assert sent - left == identity.LONGEST_LINE


def test_ipv6(background, monkeypatch):
    server = start_ident(background, b"1,2:USERID:UNIX:six\n", ip="::1")
    me = End(bytes(15) + b"\1", 25)
    assert ask(monkeypatch, server.port, me, me._replace(port=5000)) == b"six"


def test_nobody_there(monkeypatch):
    with sockets.unbound(socket.AF_INET) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        assert ask(monkeypatch, port) is None


@pytest.mark.parametrize("patience", [0, 0.2])
def test_no_answer_in_time(background, monkeypatch, patience):
    server = start_ident(background, b"5000,25:USERID:", wait=True)
    assert ask(monkeypatch, server.port, until=soon(patience)) is None


def test_more_patience_than_a_timer_can_hold(background, monkeypatch):
    server = start_ident(background, b"1,2:USERID:UNIX:joe\n")
    assert ask(monkeypatch, server.port, until=soon(2**64 - 1)) == b"joe"
