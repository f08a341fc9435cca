from __future__ import annotations

import os
import socket
import sys

import pytest

from supervise import drivers, errors
from supervise.drivers.tls import Line, Tls
from supervise.formats import tlsfacts
from supervise.unix import channels, descriptors, processes
from tests.support import certificates
from tests.support.forks import in_a_fork
from tests.support.patience import PATIENCE, eventually


def stop(tls):
    os.close(tls.orders)
    os.close(tls.reports)
    os.waitpid(tls.pid, 0)


@pytest.fixture
def warnings(tmp_path):
    """Where the processes of these tests complain."""
    path = tmp_path / "warnings"
    path.touch()
    return path


@pytest.fixture
def tls(certificate, warnings):
    def warn(text):
        with warnings.open("a") as file:
            file.write(text)

    made = Tls(str(certificate.both), False, lambda: None, warn)
    yield made
    stop(made)


def test_a_keyholder_that_cannot_begin():
    with pytest.raises(errors.Failure) as failure:
        Tls("none", False, lambda: None, errors.diagnose)
    assert failure.value.text == "unable to read certificate none: file does not exist"
    assert failure.value.code == 111


def test_a_keyholder_that_is_gone_before_it_could_say_so(certificate):
    path = str(certificate.both)
    with pytest.raises(errors.Failure, match="lost the process that holds the key"):
        Tls(path, False, lambda: os._exit(9), errors.diagnose)


@pytest.mark.parametrize("trouble", [ImportError("failed to map segment"), MemoryError()])
def test_a_library_that_cannot_be_loaded(monkeypatch, certificate, capfd, trouble):
    """As under a limit on memory."""

    class Loader:
        def find_spec(self, name, path, target=None):
            if name == "supervise.drivers.keyholder":
                raise trouble

    monkeypatch.delattr(drivers, "keyholder", raising=False)
    monkeypatch.delitem(sys.modules, "supervise.drivers.keyholder", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Loader(), *sys.meta_path])
    with pytest.raises(errors.Failure) as failure:
        Tls(str(certificate.both), False, lambda: None, errors.diagnose)
    assert failure.value.text == f"unable to load TLS: {str(trouble) or 'out of memory'}"
    assert failure.value.code == 111
    assert capfd.readouterr().err == ""


def be_client(certificate, network, told):
    """In a process of its own: make the handshake, and answer what is heard in capitals."""
    context = certificates.client(certificate)
    with context.wrap_socket(network, server_hostname=certificates.NAME) as client:
        client.sendall(client.recv(100).upper())
        told.sendall(client.recv(1))


def test_a_line_that_we_begin(tls, certificate):
    ours, theirs = socket.socketpair()
    line = tls.lay(ours, PATIENCE)
    ours.close()

    def client():
        for descriptor in line:
            os.close(descriptor)
        be_client(certificate, theirs, theirs)
        return 0

    pid = processes.fork(client)
    theirs.close()
    variables = dict(line.begin())
    assert variables[b"SSL_PROTOCOL"] == b"TLSv1.3"
    assert variables[b"SSL_CLIENT_S_DN_CN"] is None
    assert variables[b"SSLCTLFD"] is None
    os.write(line.writing, b"hello")
    assert os.read(line.reading, 100) == b"HELLO"
    os.close(line.writing)
    os.close(line.reading)
    os.waitpid(pid, 0)
    eventually(lambda: tls.learn() or not tls.couples.relays)


def test_a_line_that_cannot_be_begun(tls, warnings):
    ours, theirs = socket.socketpair()
    line = tls.lay(ours, PATIENCE)
    theirs.sendall(b"EHLO me.example\r\n")
    assert line.begin() is None
    assert warnings.read_text() == (
        "dropping connection, unable to accept TLS: wrong version number"
    )
    for descriptor in (line.reading, line.writing):
        os.close(descriptor)
    ours.close()
    theirs.close()


def test_a_line_whose_relay_is_gone():
    control, other = socket.socketpair()
    other.close()
    assert Line(control.detach(), -1, -1).begin() is None


def test_a_line_that_the_program_begins():
    control, other = socket.socketpair()
    reading, writing = os.pipe()
    line = Line(control.detach(), reading, writing)
    variables = dict(line.offer())
    assert variables == {
        **dict.fromkeys(tlsfacts.NAMES),
        b"SSLCTLFD": b"%d" % line.control,
        b"SSLREADFD": b"%d" % line.reading,
        b"SSLWRITEFD": b"%d" % line.writing,
    }
    assert all(map(descriptors.survives_exec, line))
    other.close()
    for descriptor in line:
        os.close(descriptor)


def test_a_line_as_standard_input_and_output():
    def move():
        reading, writing = os.pipe()
        Line(-1, reading, writing).to_standard()
        os.write(1, b"text")
        return os.read(0, 100), sorted(descriptors.inherited())

    text, inherited = in_a_fork(move)
    assert text == b"text"
    assert inherited == in_a_fork(lambda: sorted(descriptors.inherited()))


def test_slots_are_freed_when_both_of_a_couple_have_ended(tls):
    ours, theirs = socket.socketpair()
    line = tls.lay(ours, PATIENCE)
    eventually(lambda: tls.learn() or tls.couples.relays)
    assert tls.couples.program_ended(os.getpid()) is not None
    for descriptor in line:
        os.close(descriptor)
    eventually(tls.learn)
    assert tls.couples.program_ended(os.getpid()) is None, "of another connection"
    ours.close()
    theirs.close()


def test_asking_waits_where_many_ask(monkeypatch, tls):
    """The queue of the keyholder is full, and then is not."""
    send, refusals = channels.send, [BlockingIOError(), BlockingIOError()]

    def busy(*arguments):
        if refusals:
            raise refusals.pop()
        send(*arguments)

    monkeypatch.setattr(channels, "send", busy)
    tls.ask(b"renew")
    assert refusals == []


def test_renewal_is_asked_for(tls, warnings, certificate):
    certificate.both.rename(f"{certificate.both}.away")
    try:
        tls.renew()
        eventually(warnings.read_text)
    finally:
        os.rename(f"{certificate.both}.away", certificate.both)
    assert warnings.read_text().startswith("going on with the old certificate: unable to read")
