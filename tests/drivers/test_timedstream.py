from __future__ import annotations

import os
import signal
import socket

import pytest

from supervise.drivers.timedstream import REPLY_ROOM, Gone, SessionStream, TimedOut, TimedStream
from tests.support.patience import PATIENCE, eventually


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield TimedStream(theirs.fileno(), theirs.fileno(), 5.0), ours


@pytest.fixture(autouse=True)
def without_sigpipe():
    before = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGPIPE, before)


def waiting_for(client: socket.socket) -> bytes:
    client.setblocking(False)
    try:
        return client.recv(100_000)
    except BlockingIOError:
        return b""


def test_replies_are_gathered_until_the_next_read(ends):
    stream, client = ends
    stream.put(b"one ")
    stream.put(b"two")
    assert waiting_for(client) == b""
    client.send(b"said")
    assert stream.read() == b"said"
    assert waiting_for(client) == b"one two"


def test_replies_that_have_no_room_are_sent_before(ends):
    stream, client = ends
    stream.put(b"a" * (REPLY_ROOM - 1))
    stream.put(b"b")
    assert waiting_for(client) == b""
    stream.put(b"c")
    assert waiting_for(client) == b"a" * (REPLY_ROOM - 1) + b"b"
    stream.flush()
    assert waiting_for(client) == b"c"


def test_a_reply_of_any_length(ends):
    stream, client = ends
    stream.put(b"x" * 5000)
    stream.flush()
    assert waiting_for(client) == b"x" * 5000


def test_silence(ends):
    stream, client = ends
    stream.limit = 0.01
    stream.put(b"still sent")
    with pytest.raises(TimedOut):
        stream.read()
    assert waiting_for(client) == b"still sent"


def test_an_end(ends):
    stream, client = ends
    client.close()
    with pytest.raises(Gone):
        stream.read()


def test_a_client_that_is_gone_is_not_written_to_again(ends):
    stream, client = ends
    client.close()
    stream.put(b"x")
    with pytest.raises(Gone):
        stream.flush()
    assert stream.unsent == b""


def fill(descriptor: int) -> None:
    """Write until nothing more fits."""
    try:
        while True:
            os.write(descriptor, bytes(4096))
    except BlockingIOError:
        pass


def test_a_client_that_takes_nothing(ends):
    stream, _ = ends
    stream.limit = 0.01
    os.set_blocking(stream.writing, False)
    fill(stream.writing)
    stream.put(b"x")
    with pytest.raises(Gone):
        stream.flush()


def test_descriptors_that_are_not_open():
    stream = TimedStream(1000, 1000, 5.0)
    with pytest.raises(Gone):
        stream.read()
    stream.put(b"x")
    with pytest.raises(Gone):
        stream.flush()


def test_one_limit_for_a_whole_session(ends):
    _, client = ends
    descriptor = ends[0].reading
    session = SessionStream(descriptor, descriptor, PATIENCE)
    client.send(b"hello")
    assert session.read() == b"hello"
    session.end = 0.0
    client.send(b"never silent")
    with pytest.raises(TimedOut):
        session.read()
    session.put(b"too late")
    with pytest.raises(TimedOut):
        session.flush()
    assert waiting_for(client) == b""


def test_the_limit_of_a_session_does_not_begin_again(ends):
    _, client = ends
    descriptor = ends[0].reading
    session = SessionStream(descriptor, descriptor, 0.1)

    def talk() -> bool:
        client.send(b"x")
        try:
            return session.read() == b""
        except TimedOut:
            return True

    eventually(talk, "the session ends although the client talks")
