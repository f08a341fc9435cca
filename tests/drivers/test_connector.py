from __future__ import annotations

import errno
import socket
import time

import pytest

from supervise.drivers import connector
from supervise.drivers.connector import Source
from supervise.errors import Failure
from supervise.formats.timeouts import Timeouts
from supervise.unix.sockets import End
from tests.support import unreachable
from tests.support.patience import PATIENCE

ONE, TWO, SIX = b"\x7f\0\0\1", b"\x7f\0\0\2", bytes(15) + b"\1"
LONG = Timeouts(int(PATIENCE), 0)
TRIAL = Timeouts(0, 0)
ANYWHERE = Source()


def connect(places, source=ANYWHERE, timeouts=LONG):
    """The connection, as a socket with everything, and the error number of each address that was
    reported."""
    reports = []

    def report(place, error):
        reports.append((place, error.errno))

    connection = connector.connect(places, source, timeouts, report)
    return connection and socket.socket(fileno=connection.detach()), reports


@pytest.fixture(params=["127.0.0.1", "::1"])
def server(request):
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with socket.create_server((request.param, 0), family=family) as listening:
        listening.settimeout(PATIENCE)
        yield listening


def place_of(server):
    address, port = server.getsockname()[:2]
    return End(SIX if ":" in address else ONE, port)


def test_a_connection(server):
    connection, reports = connect([place_of(server)])
    with connection:
        accepted, _ = server.accept()
        with accepted:
            assert connection.getblocking()
            connection.sendall(b"hello")
            assert accepted.recv(10) == b"hello"
    assert reports == []


def test_even_no_time_at_all_is_enough_on_this_machine(server):
    connection, _ = connect([place_of(server)], timeouts=TRIAL)
    connection.close()


@pytest.mark.parametrize(
    ("ip", "chosen", "seen"),
    [(TWO, False, "127.0.0.2"), (b"\x7f\0\0\3", True, "127.0.0.3"), (None, True, "127.0.0.1")],
)
def test_where_it_comes_from(ip, chosen, seen):
    with unreachable.closed(seen) as port:
        pass  # nobody's any more
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        connection, _ = connect([place_of(server)], Source(ip, port if chosen else 0))
        with connection:
            accepted, peer = server.accept()
            with accepted:
                assert peer[0] == seen
                assert (peer[1] == port) == chosen


def test_the_family_decides_about_anywhere():
    assert Source().end(socket.AF_INET) is None
    assert Source(port=5).end(socket.AF_INET) == End(bytes(4), 5)
    assert Source(port=5).end(socket.AF_INET6) == End(bytes(16), 5)
    assert Source(TWO, 5, 3).end(socket.AF_INET) == End(TWO, 5)
    assert Source(SIX, 5, 3).end(socket.AF_INET6) == End(SIX, 5, 3)


def test_a_source_that_is_not_ours():
    with pytest.raises(Failure) as caught:
        connect([End(ONE, 1)], Source(b"\xc0\0\2\1"))
    assert caught.value.text == "unable to bind socket: address not available"


def test_a_source_that_is_taken():
    with unreachable.closed() as port, pytest.raises(Failure) as caught:
        connect([End(ONE, 1)], Source(ONE, port))
    assert caught.value.text == "unable to bind socket: address already used"


def test_the_next_address_is_tried(server):
    with unreachable.closed("127.0.0.2") as port:
        refused, good = End(TWO, port), place_of(server)
        connection, reports = connect([refused, good])
        connection.close()
        assert reports == [(refused, errno.ECONNREFUSED)]
        none, reports = connect([refused, refused])
        assert (none, reports) == (None, [(refused, errno.ECONNREFUSED)] * 2)


def test_an_address_that_does_not_answer():
    with unreachable.silent() as port:
        silent = End(ONE, port)
        before = time.monotonic()
        assert connect([silent], timeouts=Timeouts(0, 1)) == (None, [(silent, errno.ETIMEDOUT)])
        assert time.monotonic() - before >= 1


def test_no_time_at_all_is_a_moment():
    with unreachable.silent() as port:
        before = time.monotonic()
        none, reports = connect([End(ONE, port)], timeouts=TRIAL)
        assert (none, reports) == (None, [(End(ONE, port), errno.ETIMEDOUT)])
        assert time.monotonic() - before >= connector.GRACE


def test_addresses_that_do_not_answer_are_tried_again_last():
    with unreachable.silent() as port, unreachable.closed() as refusing:
        silent, refused = End(ONE, port), End(ONE, refusing)
        before = time.monotonic()
        none, reports = connect([silent, refused], timeouts=Timeouts(0, 1))
        assert none is None
        assert reports == [(refused, errno.ECONNREFUSED), (silent, errno.ETIMEDOUT)]
        assert time.monotonic() - before >= 1


def test_an_address_that_cannot_be_connected_to():
    # A port of 0 is nobody's.
    connection, reports = connect([End(ONE, 0), End(bytes(4), 0)], timeouts=TRIAL)
    assert connection is None
    assert [number for _, number in reports] == [errno.ECONNREFUSED] * 2
