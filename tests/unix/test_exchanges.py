from __future__ import annotations

import signal
import socket
import threading

import pytest

from supervise.unix import exchanges
from supervise.unix.sockets import End
from tests.support import unreachable
from tests.support.conversations import finish, soon
from tests.support.forks import in_a_fork
from tests.support.patience import PATIENCE

HERE = bytes([127, 0, 0, 1])


@pytest.fixture
def pair():
    """Our end, which does not block, and the other one."""
    near, far = socket.socketpair()
    near.setblocking(False)
    far.settimeout(PATIENCE)
    with near, far:
        yield near, far


@pytest.mark.parametrize("ip", [HERE, bytes(15) + b"\1"])
def test_connecting(ip):
    family = socket.AF_INET if len(ip) == 4 else socket.AF_INET6
    with socket.create_server(("", 0), family=family) as server:
        place = End(ip, server.getsockname()[1])
        with exchanges.begin(place, socket.SOCK_STREAM) as talking:
            finish(exchanges.connect(talking, place, soon()))
            assert talking.getpeername()[1] == place.port


def reach(port, until):
    with exchanges.begin(End(HERE, port), socket.SOCK_STREAM) as talking:
        finish(exchanges.connect(talking, End(HERE, port), until))


def test_nobody_there():
    with unreachable.closed() as port, pytest.raises(ConnectionRefusedError):
        reach(port, soon())


def test_nobody_answers():
    with unreachable.silent() as port, pytest.raises(TimeoutError):
        reach(port, soon(0.05))


def test_sending_more_than_fits(pair):
    near, far = pair
    block, heard = bytes(range(256)) * 10000, []

    def read():
        while sum(map(len, heard)) < len(block):
            heard.append(far.recv(65536))

    reader = threading.Thread(target=read)
    reader.start()
    finish(exchanges.send(near, block, soon()))
    reader.join()
    assert b"".join(heard) == block


def test_sending_to_who_does_not_read(pair):
    with pytest.raises(TimeoutError):
        finish(exchanges.send(pair[0], bytes(10**7), soon(0.05)))


def test_sending_to_who_is_gone_is_an_error_and_no_signal(pair):
    near, far = pair
    far.close()

    def child():
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        with pytest.raises(BrokenPipeError):
            finish(exchanges.send(near, b"x", soon()))

    in_a_fork(child)


def test_receiving(pair):
    near, far = pair
    far.send(b"some words")
    assert finish(exchanges.receive(near, 4, soon())) == b"some"
    assert finish(exchanges.receive_exactly(near, 5, soon())) == b" word"
    far.shutdown(socket.SHUT_WR)
    assert finish(exchanges.receive(near, 4, soon())) == b"s"
    assert finish(exchanges.receive(near, 4, soon())) == b""


def test_less_than_was_promised(pair):
    near, far = pair
    far.send(b"some")
    with pytest.raises(TimeoutError):
        finish(exchanges.receive_exactly(near, 9, soon(0.05)))
    far.send(b"more")
    far.close()
    with pytest.raises(ConnectionResetError):
        finish(exchanges.receive_exactly(near, 9, soon()))


def test_what_is_gone_when_it_is_to_be_read(pair):
    class Dropping:
        """A socket whose first datagram has a wrong checksum."""

        fileno = pair[0].fileno
        dropped = False

        def recv(self, size):
            if not self.dropped:
                self.dropped = True
                raise BlockingIOError
            return pair[0].recv(size)

    pair[1].send(b"second")
    assert finish(exchanges.receive(Dropping(), 100, soon())) == b"second"
