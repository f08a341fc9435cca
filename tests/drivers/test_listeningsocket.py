from __future__ import annotations

import errno
import os
import socket
import struct

import pytest

from supervise import errors
from supervise.drivers import listeningsocket
from supervise.unix import sockets
from supervise.unix.sockets import End

HERE = End(b"\x7f\0\0\1", 0)


def backlog_of(listening):
    """The most that may wait: of a listening socket, tcp_info tells this as tcpi_sacked."""
    return struct.unpack_from(
        "8x4x4x4x4x4xI", listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 64)
    )[0]


@pytest.mark.parametrize("backlog", [0, 7, 128])
def test_the_backlog_is_passed_on(backlog):
    with listeningsocket.listen(HERE, 0, backlog) as listening:
        assert backlog_of(listening) == backlog


def test_a_backlog_beyond_all_bounds():
    with listeningsocket.listen(HERE, 0, 2**64 - 1) as listening:
        assert backlog_of(listening) > 0


def test_the_real_port():
    with listeningsocket.listen(HERE, 0, 5) as listening:
        assert listeningsocket.port_of(listening) == listening.getsockname()[1] > 0
        assert not listening.get_inheritable()


def test_everywhere_is_both_families():
    with listeningsocket.listen(None, 0, 5) as listening:
        assert listening.family == socket.AF_INET6
        with socket.create_connection(("127.0.0.1", listeningsocket.port_of(listening))):
            pass


@pytest.mark.parametrize("call", ["unbound", "address"])
@pytest.mark.parametrize("number", [errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL])
def test_a_machine_without_ipv6(monkeypatch, call, number):
    real = getattr(sockets, call)

    def refusing(what):
        if what == socket.AF_INET6 or (call == "address" and len(what.ip) == 16):
            raise OSError(number, "no IPv6")
        return real(what)

    monkeypatch.setattr(sockets, call, refusing)
    with listeningsocket.listen(None, 0, 5) as listening:
        assert listening.family == socket.AF_INET
    with pytest.raises(errors.Failure):
        listeningsocket.listen(End(listeningsocket.ANY_IPV6, 0), 0, 5)


def test_trouble_has_the_originals_words(monkeypatch):
    with listeningsocket.listen(HERE, 0, 5) as listening, pytest.raises(errors.Failure) as caught:
        listeningsocket.listen(HERE, listeningsocket.port_of(listening), 5)
    assert caught.value.text == "unable to bind: address already used"

    def no_more(family):
        raise OSError(errno.EMFILE, "no more")

    monkeypatch.setattr(sockets, "unbound", no_more)
    with pytest.raises(errors.Failure) as caught:
        listeningsocket.listen(HERE, 0, 5)
    assert caught.value.text == "unable to create socket: process cannot open more files"


def test_nothing_stays_open_after_trouble(monkeypatch):
    before = os.listdir("/proc/self/fd")
    with pytest.raises(errors.Failure):
        listeningsocket.listen(End(bytes([192, 0, 2, 1]), 0), 0, 5)
    assert os.listdir("/proc/self/fd") == before
