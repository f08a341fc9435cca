from __future__ import annotations

import os
import socket

import pytest

from supervise.drivers import starttls
from supervise.drivers.starttls import CLOSED, Offer
from supervise.unix import descriptors

LATER, NOW = 10.0**9, 0.0  # monotonic


@pytest.fixture
def ends():
    """An offer, and the server's end of its control."""
    control, server = socket.socketpair()
    with control, server:
        yield Offer(*[control.fileno()] * 3), server


def test_what_the_environment_offers():
    assert starttls.offer({b"SSLREADFD": b"4"}) is None
    numbers = {b"SSLCTLFD": b"3", b"SSLREADFD": b"4", b"SSLWRITEFD": b"5"}
    assert starttls.offer(numbers) == Offer(3, 4, 5)


@pytest.mark.parametrize("number", [b"", b"x", b"-1", b"3x", b"9" * 99])
def test_numbers_that_are_none_are_closed_ones(number):
    offer = starttls.offer({b"SSLCTLFD": number})
    assert offer == Offer(CLOSED, CLOSED, CLOSED)
    with pytest.raises(OSError, match="Bad file descriptor"):
        offer.wish()
    offer.keep()


def test_an_offer_without_a_place_to_read(ends):
    with pytest.raises(OSError, match="Bad file descriptor"):
        ends[0]._replace(reading=CLOSED).wish()


def test_programs_that_we_start_do_not_have_them():
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    Offer(reading, writing, CLOSED).keep()
    assert not descriptors.survives_exec(reading)
    os.close(reading)
    os.close(writing)


def test_tls_that_has_begun(ends):
    offer, server = ends
    offer.wish()
    assert server.recv(100) == b"Y"
    server.sendall(b"SSL_PROTOCOL=TLSv1.3\0A=b\0\0")
    assert offer.begun(LATER) == {b"SSL_PROTOCOL": b"TLSv1.3", b"A": b"b"}


@pytest.mark.parametrize("told", [b"", b"SSL_PROTOCOL=TLSv1.3\0"])
def test_tls_that_has_not_begun(ends, told):
    offer, server = ends
    server.sendall(told)
    assert offer.begun(NOW) is None
    server.close()
    assert offer.begun(LATER) is None


def test_a_server_that_tells_without_an_end(ends):
    offer, server = ends
    server.sendall(b"x" * (starttls.LONGEST + 2 * starttls.BLOCK))
    assert offer.begun(LATER) is None


def test_a_server_that_is_gone(ends):
    offer, server = ends
    os.close(server.detach())
    with pytest.raises(OSError, match="pipe"):
        offer.wish()
