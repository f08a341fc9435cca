from __future__ import annotations

import socket
import threading

import pytest

from supervise.drivers import proxied
from supervise.errors import Failure
from supervise.formats.proxyheader import Ends
from tests.support.networks import reset
from tests.support.patience import PATIENCE

LINE = b"PROXY TCP4 192.0.2.1 203.0.113.9 56324 443\r\n"
TOLD = Ends(bytes([192, 0, 2, 1]), 56324, bytes([203, 0, 113, 9]), 443)


@pytest.fixture
def pair():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        proxy = socket.create_connection(listening.getsockname(), PATIENCE)
        ours, _ = listening.accept()
    with ours, proxy:
        yield ours, proxy


def ends(ours, patience=PATIENCE):
    return proxied.ends(ours, patience, "10.0.0.1")


def test_only_the_header_is_taken(pair):
    ours, proxy = pair
    proxy.sendall(LINE + b"EHLO me\r\n")
    assert ends(ours) == TOLD
    assert ours.recv(100) == b"EHLO me\r\n"


def test_it_may_come_in_pieces(pair):
    ours, proxy = pair
    proxy.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sender = threading.Thread(target=lambda: [proxy.sendall(b"%c" % byte) for byte in LINE + b"x"])
    sender.start()
    assert ends(ours) == TOLD
    sender.join()
    assert ours.recv(100) == b"x"


def test_a_header_that_tells_nothing(pair):
    ours, proxy = pair
    proxy.sendall(b"PROXY UNKNOWN\r\nhello")
    assert ends(ours) is None
    assert ours.recv(100) == b"hello"


def failure(ours, patience=PATIENCE):
    with pytest.raises(Failure) as caught:
        ends(ours, patience)
    assert caught.value.code == 111
    return caught.value.text.removeprefix("unable to read PROXY header from 10.0.0.1: ")


@pytest.mark.parametrize("head", [b"", LINE[:-1], LINE[:3]])
def test_a_header_that_does_not_come(pair, head):
    ours, proxy = pair
    proxy.sendall(head)
    assert failure(ours, 0.05) == "timed out"


def test_no_time_at_all(pair):
    ours, proxy = pair
    proxy.sendall(LINE)
    assert failure(ours, 0) == "timed out"


def test_bytes_one_by_one_do_not_prolong_the_time(pair):
    ours, proxy = pair
    over = threading.Event()

    def trickle():
        while not over.wait(0.02):
            proxy.sendall(b"\0")

    proxy.sendall(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff")
    sender = threading.Thread(target=trickle)
    sender.start()
    try:
        assert failure(ours, 0.3) == "timed out"
    finally:
        over.set()
        sender.join()


@pytest.mark.parametrize("head", [b"", LINE[:20]])
def test_a_proxy_that_leaves(pair, head):
    ours, proxy = pair
    proxy.sendall(head)
    proxy.shutdown(socket.SHUT_WR)
    assert failure(ours) == "connection closed"


def test_a_proxy_that_resets(pair):
    ours, proxy = pair
    reset(proxy)
    assert failure(ours) == "connection reset"


@pytest.mark.parametrize("said", [b"EHLO me\r\n", b"PROXY TCP4 a b c d\r\n", b"\x16\x03\x01"])
def test_a_client_that_is_no_proxy(pair, said):
    ours, proxy = pair
    proxy.sendall(said)
    assert failure(ours) == "protocol error"
