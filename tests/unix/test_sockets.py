from __future__ import annotations

import socket

import pytest

from supervise.unix import sockets
from supervise.unix.sockets import End
from tests.support.networks import reset
from tests.support.patience import PATIENCE, eventually


@pytest.mark.parametrize(
    ("address", "end"),
    [
        (("127.0.0.1", 25), End(b"\x7f\0\0\1", 25)),
        (("::1", 25, 0, 0), End(bytes(15) + b"\1", 25)),
        (("fe80::1", 25, 7, 3), End(b"\xfe\x80" + bytes(13) + b"\1", 25, 3)),
    ],
)
def test_ends_and_addresses(address, end):
    assert sockets.end(address) == end
    assert sockets.end(sockets.address(end)) == end


def test_a_scope_in_the_text_is_no_part_of_the_address():
    assert sockets.end(("fe80::1%lo", 25, 0, 1)) == End(b"\xfe\x80" + bytes(13) + b"\1", 25, 1)


def test_the_address_of_an_earlier_server_can_be_taken():
    with sockets.unbound(socket.AF_INET) as first:
        first.bind(("127.0.0.1", 0))
        first.listen()
        port = first.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        served, _ = first.accept()
    with client, served, sockets.unbound(socket.AF_INET) as second:
        second.bind(("127.0.0.1", port))
        second.listen()


def test_one_socket_for_both_families():
    with sockets.unbound(socket.AF_INET6) as listening:
        sockets.serve_both_families(listening)
        listening.bind(("::", 0))
        listening.listen()
        port = listening.getsockname()[1]
        for ip in ("127.0.0.1", "::1"):
            with socket.create_connection((ip, port)), listening.accept()[0]:
                pass


def test_interfaces():
    index = sockets.interface_index("lo")
    assert sockets.interface_name(index) == b"lo"
    assert sockets.interface_name(10**6) == b"1000000"
    with pytest.raises(OSError, match=r"."):
        sockets.interface_index("no-such-interface")


def test_options_of_what_is_no_tcp_socket_are_nobodys_trouble():
    one, other = socket.socketpair()
    with one, other:
        sockets.forget_route(one)
        sockets.send_at_once(one)
    with socket.socket() as fresh:
        sockets.send_at_once(fresh)
        assert fresh.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


CLOSE_WAIT = b"\x08"  # the first byte of tcp_info: the peer has closed, in all order


def connected():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname(), PATIENCE)
        return listening.accept()[0], client


def read_all(client):
    answer = b""
    while block := client.recv(65536):
        answer += block
    return answer


def test_last_words_arrive_though_the_client_has_spoken():
    ours, client = connected()
    with client:
        with ours:
            client.sendall(b"x" * 1000)
            eventually(lambda: ours.recv(1000, socket.MSG_PEEK))
            sockets.part_with(ours, b"421 no\r\n")
        assert read_all(client) == b"421 no\r\n"
        assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) == CLOSE_WAIT  # no reset


def test_last_words_wait_for_nobody():
    ours, client = connected()
    with client, ours:
        sockets.part_with(ours, b"x" * 2**24)
        assert 0 < len(read_all(client)) < 2**24


def test_last_words_to_nobody():
    ours, client = connected()
    with ours:
        reset(client)
        sockets.part_with(ours, b"x")
        sockets.part_with(ours, b"x")
