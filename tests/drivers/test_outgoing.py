from __future__ import annotations

import os
import socket

import pytest

from supervise.drivers import identity, outgoing, resolver
from supervise.formats import address
from supervise.unix import descriptors
from supervise.unix.sockets import End
from tests.support.forks import in_a_fork
from tests.support.patience import PATIENCE

NAMES = {b"\x7f\0\0\1": b"server.test", b"\x7f\0\0\2": b"client.test"}


@pytest.fixture
def connection():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.bind(("127.0.0.2", 0))
        client.settimeout(PATIENCE)
        client.connect(server.getsockname())
        accepted, _ = server.accept()
        with accepted:
            yield client


@pytest.fixture
def asked(monkeypatch):
    """Names from a table, and a user; what was asked of the server's machine."""
    questions = []

    async def name_of(ip, until):
        return NAMES[address.short(ip)]

    async def ask(local, remote, until):
        questions.append((local, remote))
        return b"joe"

    monkeypatch.setattr(resolver, "name_of", name_of)
    monkeypatch.setattr(identity, "ask", ask)
    return questions


def settings(**changes):
    wanted = outgoing.Settings()
    vars(wanted).update(changes)
    return wanted


def ends(connection):
    (local, local_port), (remote, remote_port) = connection.getsockname(), connection.getpeername()
    return End(socket.inet_aton(local), local_port), End(socket.inet_aton(remote), remote_port)


def test_all_that_can_be_found_out(connection, asked, capfd):
    local, remote = ends(connection)
    assert outgoing.find_out(settings(), connection) == (
        b"client.test", b"127.0.0.2", local.port, b"server.test", b"127.0.0.1", b"joe", remote.port
    )  # fmt: skip
    assert asked == [(local, remote)]
    assert capfd.readouterr().err == ""


def test_what_is_not_wanted_is_not_asked(connection, monkeypatch):
    monkeypatch.setattr(resolver, "name_of", None)
    monkeypatch.setattr(identity, "ask", None)
    wanted = settings(local_name=b"", remote_names=False, identify=False)
    local, remote = ends(connection)
    assert outgoing.find_out(wanted, connection) == (
        b"", b"127.0.0.2", local.port, None, b"127.0.0.1", None, remote.port
    )  # fmt: skip


@pytest.mark.parametrize(("answer", "name"), [(None, b""), (OSError(), None)])
def test_no_name_is_an_empty_one_and_trouble_is_none(connection, asked, monkeypatch, answer, name):
    async def name_of(ip, until):
        if answer is not None:
            raise answer

    monkeypatch.setattr(resolver, "name_of", name_of)
    facts = outgoing.find_out(settings(), connection)
    assert (facts.local_host, facts.remote_host) == (name, name)


def test_what_is_told(connection, asked, capfd):
    outgoing.find_out(settings(telling=True), connection)
    outgoing.find_out(settings(telling=True, as_ipv6=True), connection)
    port = connection.getpeername()[1]
    assert capfd.readouterr().err == (
        f"tcpclient: connected to 127.0.0.1 port {port}\n"
        f"tcpclient: connected to ::ffff:127.0.0.1 port {port}\n"
    )


def test_the_environment_and_the_descriptors(connection, asked, monkeypatch):
    monkeypatch.setenv("TCPREMOTEINFO", "old")
    monkeypatch.setenv("KEPT", "kept")
    wanted = settings(at_once=True, as_ipv6=True, identify=False)

    def child():
        environment = outgoing.prepare(wanted, connection)
        passed_on = [descriptors.survives_exec(number) for number in (6, 7)]
        with socket.socket(fileno=6) as one, socket.socket(fileno=7) as other:
            no_delay = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            return environment, [one.getpeername(), other.getpeername()], no_delay, passed_on

    server = connection.getpeername()
    environment, far, no_delay, passed_on = in_a_fork(child)
    assert environment[b"PROTO"] == b"TCP6"
    assert environment[b"TCPREMOTEIP"] == b"::ffff:127.0.0.1"
    assert environment[b"KEPT"] == b"kept"
    assert b"TCPREMOTEINFO" not in environment
    assert (far, bool(no_delay), passed_on) == ([server] * 2, True, [True, True])


def test_descriptors_of_others_are_closed():
    def child():
        reading, writing = os.pipe()
        os.dup2(reading, 6)
        os.dup2(writing, 7)
        outgoing.close_descriptors()
        return descriptors.is_open(6), descriptors.is_open(7)

    assert in_a_fork(child) == (False, False)
