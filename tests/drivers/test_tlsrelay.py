from __future__ import annotations

import os
import signal
import socket
import ssl

import pytest

from supervise.drivers import certificate as reading
from supervise.drivers import tlsrelay
from supervise.formats import tlsfacts
from supervise.unix import processes
from tests.support import certificates
from tests.support.patience import PATIENCE, eventually
from tests.support.processes import state

MUCH = 1 << 20  # bytes: more than sockets and pipes hold


class Relayed:
    """A relay in a process of its own, and the far ends of all that it holds."""

    def __init__(self, certificate, patience=PATIENCE, files=None):
        self.certificate = certificate
        context = reading.context(files or reading.Files(str(certificate.both)))
        self.network, network = socket.socketpair()
        self.network.settimeout(PATIENCE)
        self.control, control = socket.socketpair()
        self.control.settimeout(PATIENCE)
        self.reading, sink = os.pipe()
        source, self.writing = os.pipe()
        self.warnings, told = os.pipe()
        held = (network, control.fileno(), sink, source)

        def child():
            os.dup2(told, 2)
            warn = lambda text: print(text, file=os.fdopen(2, "w", closefd=False), flush=True)  # noqa: E731
            return tlsrelay.serve(context, tlsrelay.Ends(*held), patience, warn)

        self.pid = processes.fork(child)
        network.close()
        control.close()
        for descriptor in (sink, source, told):
            os.close(descriptor)
        self.client = None

    def __enter__(self):
        return self

    def shut(self, name):
        descriptor = getattr(self, name)
        if descriptor is not None:
            os.close(descriptor)
            setattr(self, name, None)

    def __exit__(self, *_):
        for name in ("reading", "writing", "warnings"):
            self.shut(name)
        for end in (self.network, self.control, self.client):
            if end is not None:
                end.close()
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def begin(self, wish=b"y", version=None, context=None, name=certificates.NAME):
        """Let the program wish, and be the client."""
        self.control.sendall(wish)
        context = context or certificates.client(self.certificate, version)
        self.client = context.wrap_socket(
            self.network, server_hostname=name, suppress_ragged_eofs=False
        )
        return self

    def code(self):
        pid, self.pid = self.pid, None
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def said(self):
        """The warnings of a relay that has ended."""
        return os.read(self.warnings, 4096).decode()

    def told(self):
        told = b""
        while block := self.control.recv(4096):
            told += block
        return told


@pytest.fixture
def ends(certificate):
    with Relayed(certificate) as ends:
        yield ends


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_ways_and_the_ends(ends, version):
    ends.begin(version=version)
    ends.client.sendall(b"question")
    assert os.read(ends.reading, 100) == b"question"
    os.write(ends.writing, b"answer")
    assert ends.client.recv(100) == b"answer"
    ends.shut("writing")
    assert ends.client.recv(100) == b""
    ends.client.sendall(b"thanks")
    assert os.read(ends.reading, 100) == b"thanks"
    ends.network = ends.client.unwrap()
    assert os.read(ends.reading, 100) == b""
    assert (ends.code(), ends.said()) == (0, "")


def test_nothing_is_read_before_the_wish(ends):
    ends.network.sendall(b"plain")
    eventually(lambda: state(ends.pid) == "S")
    ends.control.close()
    assert (ends.code(), ends.said()) == (0, "")


@pytest.mark.parametrize("wish", [b"n", b""])
def test_a_program_that_does_not_wish(ends, wish):
    ends.control.sendall(wish)
    ends.control.shutdown(socket.SHUT_WR)
    assert (ends.code(), ends.said()) == (0, "")


def test_the_program_is_told(ends):
    ends.begin(b"Y")
    variables = tlsfacts.unpack(ends.told())
    assert variables == {
        b"SSL_PROTOCOL": b"TLSv1.3",
        b"SSL_CIPHER": ends.client.cipher()[0].encode(),
        b"SSL_CIPHER_USEKEYSIZE": b"%d" % ends.client.cipher()[2],
        b"SSL_SESSION_RESUMED": b"Initial",
        b"SSL_TLS_SNI": certificates.NAME.encode(),
        b"SSL_CLIENT_VERIFY": b"NONE",
    }


def test_a_program_that_only_wishes_is_told_nothing(ends):
    ends.begin(b"y")
    assert ends.told() == b""


def test_a_client_that_proves_who_it_is(certificate, tmp_path):
    joe = certificates.make(tmp_path, "joe")
    files = reading.Files(str(certificate.both), authorities=str(joe.chain))
    context = certificates.client(certificate)
    context.load_cert_chain(joe.chain, joe.key)
    with Relayed(certificate, files=files) as ends:
        variables = tlsfacts.unpack(ends.begin(b"Y", context=context).told())
    assert variables[b"SSL_CLIENT_VERIFY"] == b"SUCCESS"
    assert variables[b"SSL_CLIENT_S_DN_CN"] == b"joe"


def test_a_client_that_should_and_does_not(certificate):
    files = reading.Files(str(certificate.both), authorities=str(certificate.chain))
    with Relayed(certificate, files=files) as ends:
        ends.begin()
        assert ends.code() == 111
        assert ends.said() == (
            "dropping connection, unable to accept TLS: peer did not return a certificate\n"
        )
        with pytest.raises(ssl.SSLError, match="certificate required"):
            ends.client.recv(100)


def refused(ends):
    """The relay has given up: the program reads the end, and the reason is told."""
    assert os.read(ends.reading, 100) == b""
    assert ends.told() == b""
    assert ends.code() == 111
    return ends.said().removeprefix("dropping connection, unable to accept TLS: ")


def test_plain_text(ends):
    ends.control.sendall(b"Y")
    ends.network.sendall(b"EHLO me.example\r\n")
    assert refused(ends) == "wrong version number\n"


def test_a_client_that_leaves_in_the_handshake(ends):
    ends.control.sendall(b"Y")
    ends.network.sendall(b"\x16\x03\x01")
    ends.network.shutdown(socket.SHUT_WR)
    assert refused(ends) == "connection closed\n"


def test_a_client_that_stops_in_the_handshake(certificate):
    with Relayed(certificate, patience=0.01) as ends:
        ends.control.sendall(b"Y")
        ends.network.sendall(b"\x16\x03\x01")
        assert refused(ends) == "timed out\n"
        assert ends.network.recv(100) == b""


def test_a_program_that_ends_in_the_handshake(ends):
    ends.control.sendall(b"Y")
    ends.shut("reading")
    ends.shut("writing")
    assert ends.code() == 0
    assert ends.said() == ""
    assert ends.network.recv(100) == b""


def test_everything_is_sent_after_the_program_has_ended(ends):
    ends.begin()
    os.set_blocking(ends.writing, False)
    written = 0
    try:
        while True:
            written += os.write(ends.writing, bytes(65536))
    except BlockingIOError:
        pass
    ends.shut("reading")
    ends.shut("writing")
    got = 0
    while block := ends.client.recv(65536):
        got += len(block)
    assert got == written
    assert ends.code() == 0


def test_a_client_that_takes_nothing_is_left_after_a_while(certificate, monkeypatch):
    monkeypatch.setattr(tlsrelay, "LINGER", 0.01)
    with Relayed(certificate) as ends:
        ends.begin()
        os.set_blocking(ends.writing, False)
        filled = 0
        while filled < 3:
            try:
                os.write(ends.writing, bytes(65536))
                filled = 0
            except BlockingIOError:
                filled += 1
                eventually(lambda: state(ends.pid) == "S")
        ends.shut("reading")
        ends.shut("writing")
        assert ends.code() == 0


def test_a_client_that_does_not_read_is_not_read_into_memory(ends):
    """What the program says stays in its pipe, and so does it."""
    ends.begin()
    os.set_blocking(ends.writing, False)
    written = 0
    while written < 8 * MUCH:
        try:
            written += os.write(ends.writing, bytes(65536))
        except BlockingIOError:
            break
    assert written < 8 * MUCH


def test_a_program_that_does_not_read_is_heard_all_the_same(ends):
    ends.begin()
    ends.client.setblocking(False)
    sent = 0
    while sent < 8 * MUCH:
        try:
            sent += ends.client.send(bytes(65536))
        except (BlockingIOError, ssl.SSLWantWriteError):
            break
    assert sent < 8 * MUCH
    os.write(ends.writing, b"busy")
    ends.client.settimeout(PATIENCE)
    assert ends.client.recv(100) == b"busy"


def test_a_program_that_closes_its_input_is_heard_to_the_end(ends):
    ends.begin()
    ends.shut("reading")
    for word in (b"one", b"two"):
        os.write(ends.writing, word)
        assert ends.client.recv(100) == word
    ends.shut("writing")
    assert ends.client.recv(100) == b""
    assert ends.code() == 0


def test_without_a_network_the_program_is_told(ends):
    ends.begin()
    ends.client.close()
    assert os.read(ends.reading, 100) == b""
    assert ends.code() == 0
    with pytest.raises(BrokenPipeError):
        os.write(ends.writing, b"is anybody there?")


def test_a_connection_that_is_cut_without_notice_ends_the_input(ends):
    ends.begin()
    ends.client.sendall(b"half a li")
    ends.client.shutdown(socket.SHUT_WR)
    assert os.read(ends.reading, 100) == b"half a li"
    assert os.read(ends.reading, 100) == b""
    ends.shut("writing")
    assert (ends.code(), ends.said()) == (0, "")


def test_tls_that_breaks_is_told(ends):
    ends.begin()
    os.write(ends.client.fileno(), b"no record at all")
    assert os.read(ends.reading, 100) == b""
    assert ends.code() == 111
    assert ends.said() == "lost TLS: wrong version number\n"


def test_it_holds_what_it_needs_and_no_more(ends):
    ends.begin()
    ends.client.sendall(b"x")
    assert os.read(ends.reading, 1) == b"x"
    folder = f"/proc/{ends.pid}/fd"
    above = [one for one in os.listdir(folder) if int(one) > 2]
    held = [os.readlink(f"{folder}/{one}").partition(":")[0] for one in above]
    assert sorted(held) == ["pipe", "pipe", "socket"]
