from __future__ import annotations

import os
import signal
import socket

import pytest

from supervise import errors
from supervise.drivers import keyholder
from supervise.drivers.keyholder import Lines
from supervise.formats.keyorders import NO_PROGRAM, READY, RENEW, REPORT, REQUEST
from supervise.unix import channels, processes
from tests.support import certificates
from tests.support.patience import PATIENCE, eventually
from tests.support.processes import children


class Held:
    """A keyholder in a process of its own, and our ends of its lines."""

    def __init__(self, path, take_on=lambda: None):
        self.orders, orders = channels.pair()
        self.reports, reports = os.pipe()
        self.warnings, told = os.pipe()
        lines = Lines(orders, reports)

        def child():
            os.dup2(told, 2)
            return keyholder.run(path, take_on, lines, errors.diagnose)

        self.pid = processes.fork(child)
        for descriptor in (*lines, told):
            os.close(descriptor)

    def answer(self):
        return channels.receive(self.orders)[0]

    def code(self):
        pid, self.pid = self.pid, None
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def report(self):
        return REPORT.unpack(os.read(self.reports, REPORT.size))

    def shut(self):
        for name in ("orders", "reports", "warnings"):
            if getattr(self, name) is not None:
                os.close(getattr(self, name))
                setattr(self, name, None)

    def request(self, program=7):
        """Ask for a relay; our ends of it: the network, the control, and the text."""
        network, their_network = socket.socketpair()
        control, their_control = socket.socketpair()
        reading, sink = os.pipe()
        source, writing = os.pipe()
        theirs = (their_network.detach(), their_control.detach(), sink, source)
        channels.send(self.orders, REQUEST.pack(program, PATIENCE), *theirs)
        for descriptor in theirs:
            os.close(descriptor)
        for end in (network, control):
            end.settimeout(PATIENCE)
        return network, control, os.fdopen(reading, "rb", 0), os.fdopen(writing, "wb", 0)


@pytest.fixture
def hold(certificate):
    started = []

    def call(path=None, **options):
        started.append(Held(str(certificate.both) if path is None else path, **options))
        return started[-1]

    yield call
    for held in started:
        if held.pid is not None:
            eventually(lambda held=held: children(held.pid) == [], "relays end with their programs")
        held.shut()
        if held.pid is not None:
            assert held.code() == 0


def name_of(certificate, relay):
    """The name in the certificate that a client of this relay is shown."""
    network, control, reading, writing = relay
    context = certificates.client(certificate)
    with control, reading, writing:
        control.sendall(b"y")
        with context.wrap_socket(network, server_hostname=certificates.NAME) as client:
            return dict(pair for names in client.getpeercert()["subject"] for pair in names)[
                "commonName"
            ]


def test_a_key_that_cannot_be_read(hold):
    held = hold("none")
    assert held.answer() == b"111 unable to read certificate none: file does not exist"
    assert held.code() == 111


def test_no_key_at_all(hold, monkeypatch):
    monkeypatch.delenv("CERTFILE", raising=False)
    held = hold("")
    assert held.answer() == b"100 no certificate: the option is empty, and so is $CERTFILE"
    assert held.code() == 100


def test_rights_that_cannot_be_given_up(hold):
    def fail():
        raise errors.Mistake("unable to be him")

    held = hold(take_on=fail)
    assert held.answer() == b"100 unable to be him"
    assert held.code() == 100


@pytest.mark.needs_root
def test_the_key_is_read_before_rights_are_given_up(hold, certificate, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(certificate.both.read_bytes())
    secret.chmod(0o600)

    def take_on():
        os.setgroups([])
        os.setgid(4321)
        os.setuid(4321)

    held = hold(str(secret), take_on=take_on)
    assert held.answer() == READY
    relay = held.request()
    _, pid = held.report()
    for one in (held.pid, pid):
        with open(f"/proc/{one}/status") as status:
            assert "Uid:\t4321\t4321\t4321\t4321\n" in status
    assert name_of(certificate, relay) == certificates.NAME
    channels.send(held.orders, RENEW)
    assert os.read(held.warnings, 1000) == (
        b"going on with the old certificate: unable to read certificate %s: access denied\n"
        % bytes(secret)
    )
    assert name_of(certificate, held.request()) == certificates.NAME


def test_couples_and_ends_are_reported(hold, certificate):
    held = hold()
    assert held.answer() == READY
    relay = held.request(program=7)
    program, pid = held.report()
    assert program == 7
    for end in relay:
        end.close()
    assert held.report() == (NO_PROGRAM, pid)


def test_a_certificate_is_renewed(hold, certificate, tmp_path):
    path = tmp_path / "pem"
    path.write_bytes(certificate.both.read_bytes())
    held = hold(str(path))
    assert held.answer() == READY
    other = certificates.make(tmp_path)
    path.write_bytes(other.both.read_bytes())
    assert name_of(certificate, held.request()) == certificates.NAME
    channels.send(held.orders, RENEW)
    assert name_of(other, held.request()) == certificates.NAME


def test_a_certificate_that_is_gone_leaves_the_old_one(hold, certificate, tmp_path):
    path = tmp_path / "pem"
    path.write_bytes(certificate.both.read_bytes())
    held = hold(str(path))
    assert held.answer() == READY
    path.unlink()
    channels.send(held.orders, RENEW)
    assert name_of(certificate, held.request()) == certificates.NAME
    assert os.read(held.warnings, 1000).startswith(b"going on with the old certificate: unable to")


def test_a_request_without_its_descriptors_is_nothing(hold, certificate):
    held = hold()
    assert held.answer() == READY
    reading, writing = os.pipe()
    channels.send(held.orders, REQUEST.pack(7, 1), writing)
    os.close(writing)
    assert os.read(reading, 1) == b""
    os.close(reading)
    assert name_of(certificate, held.request()) == certificates.NAME


def test_it_leaves_when_nobody_can_ask_and_relays_go_on(hold, certificate):
    held = hold()
    assert held.answer() == READY
    network, control, reading, writing = held.request()
    control.sendall(b"y")
    context = certificates.client(certificate)
    with context.wrap_socket(network, server_hostname=certificates.NAME) as client:
        _, pid = held.report()
        held.shut()
        assert held.code() == 0
        client.sendall(b"still there")
        assert reading.read(100) == b"still there"
    for end in (control, reading, writing):
        end.close()
    eventually(lambda: not os.path.exists(f"/proc/{pid}") or os.waitpid(pid, 0))


def test_it_holds_its_lines_and_no_more(hold):
    held = hold()
    assert held.answer() == READY
    eventually(lambda: len(os.listdir(f"/proc/{held.pid}/fd")) == 3 + 2 + 2)  # a wakeup pipe
    for number in (0, 1):
        assert os.readlink(f"/proc/{held.pid}/fd/{number}") == "/dev/null"


def test_a_fork_that_fails_costs_that_connection(hold, certificate, monkeypatch):
    def fail(child):
        raise OSError(11, "no more")

    held = hold(take_on=lambda: monkeypatch.setattr(processes, "fork", fail))
    assert held.answer() == READY
    network, control, reading, writing = held.request()
    assert reading.read(1) == b""
    assert os.read(held.warnings, 1000) == (
        b"dropping connection, unable to fork: temporary failure\n"
    )
    for end in (network, control, reading, writing):
        end.close()


def test_a_relay_that_is_killed_is_reported(hold):
    held = hold()
    assert held.answer() == READY
    relay = held.request()
    _, pid = held.report()
    os.kill(pid, signal.SIGKILL)
    assert held.report() == (NO_PROGRAM, pid)
    for end in relay:
        end.close()
