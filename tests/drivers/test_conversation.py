from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from supervise.drivers import conversation
from supervise.drivers.conversation import Conversation
from supervise.drivers.starttls import Offer
from supervise.drivers.timedstream import TimedStream
from supervise.formats.received import Peer
from supervise.machines.mailpolicy import Policy
from supervise.machines.smtp import Session
from supervise.machines.smtpsettings import Settings
from tests.support.mailclient import MESSAGE
from tests.support.processes import children

RELAY = Policy()
GREETED = b"220 G ESMTP\r\n"
PASSED_ON = GREETED + b"250 ok\r\n" * 2 + b"354 go ahead\r\n"


@pytest.fixture(autouse=True)
def without_sigpipe():
    before = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGPIPE, before)


def queue_into(path: Path) -> Callable[[], int]:
    """A queue program that keeps the message with its envelope, or without one says so."""

    def program() -> int:
        for name in os.listdir("/proc/self/fd"):
            if os.path.lexists(f"/proc/self/fd/{name}") and not os.get_inheritable(int(name)):
                os.close(int(name))
        with open(0, "rb") as message, open(1, "rb") as envelope:
            path.write_bytes(message.read() + b"|" + envelope.read())
        return 0

    return program


def nobody(names: Iterable[bytes]) -> bool:
    raise OSError("Format Error")


def talk(said: bytes, path: Path, policy: Policy = RELAY, size_limit: int = 0) -> tuple[int, bytes]:
    """The exit code of a conversation in which all this is said at once, and what was replied."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        session = Session(Settings(b"G", Peer(b"h", b"a", None), b"me", size_limit, policy))
        client = TimedStream(theirs.fileno(), theirs.fileno(), 5.0)
        ours.sendall(said)
        ours.shutdown(socket.SHUT_WR)
        code = Conversation(session, client, queue_into(path), nobody).run()
        theirs.close()
        return code, ours.makefile("rb").read()


def test_a_message(tmp_path):
    code, replied = talk(MESSAGE + b"x\r\n.\r\nQUIT\r\n", tmp_path / "kept")
    assert re.fullmatch(re.escape(PASSED_ON) + rb"250 ok \d+ qp \d+\r\n221 G\r\n", replied)
    assert code == 0
    assert (tmp_path / "kept").read_bytes().endswith(b"-0000\nx\n|Fs@x\0Tr@y\0\0")
    assert children() == []


def test_a_message_that_is_cut_off_has_no_envelope(tmp_path):
    code, replied = talk(MESSAGE + b"x\r\n", tmp_path / "kept")
    assert (code, replied) == (1, PASSED_ON)
    assert (tmp_path / "kept").read_bytes().endswith(b"|")
    assert children() == []


def test_a_message_that_is_refused_ends_its_queue_program(tmp_path):
    said = MESSAGE + b"12345\r\n.\r\n" + MESSAGE + b"1234\r\n.\r\nQUIT\r\n"
    code, replied = talk(said, tmp_path / "kept", size_limit=5)
    assert code == 0
    assert b"552 sorry, that message size exceeds" in replied
    assert (tmp_path / "kept").read_bytes().endswith(b"-0000\n1234\n|Fs@x\0Tr@y\0\0")
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_thousands_of_questions_in_one_piece(tmp_path):
    """Each answer leads to the next question; they must not pile up."""
    policy = Policy(hosts=frozenset(), more_hosts=True)
    found = []
    ours, theirs = socket.socketpair()
    with ours, theirs, open("/dev/null", "wb") as nowhere:
        session = Session(Settings(b"G", Peer(b"h", b"a", None), b"me", 0, policy))
        client = TimedStream(theirs.fileno(), nowhere.fileno(), 5.0)
        ours.sendall(b"MAIL\n" + b"RCPT :a@b\n" * 3000 + b"QUIT\n")

        def find(names: Iterable[bytes]) -> bool:
            found.append(names)
            return True

        assert Conversation(session, client, queue_into(tmp_path / "kept"), find).run() == 0
    assert len(found) == 3000


def test_a_second_list_that_cannot_be_read(tmp_path):
    policy = Policy(hosts=frozenset(), more_hosts=True)
    assert talk(MESSAGE, tmp_path / "kept", policy) == (
        1,
        GREETED + b"250 ok\r\n421 unable to read controls (#4.3.0)\r\n",
    )


def test_a_queue_that_cannot_be_started(tmp_path, monkeypatch):
    def refuse(program: object) -> None:
        raise BlockingIOError(11, "fork")

    monkeypatch.setattr(conversation, "Queue", refuse)
    code, replied = talk(MESSAGE + b"RCPT TO:<r@y>\r\nQUIT\r\n", tmp_path / "kept")
    assert (code, replied) == (
        0,
        GREETED + b"250 ok\r\n250 ok\r\n451 qqt failure (#4.3.0)\r\n"
        b"503 MAIL first (#5.5.1)\r\n221 G\r\n",
    )


@pytest.mark.parametrize("end", [b"", b"x\r\n.\r\n", b"x\r\n.\r\n" + MESSAGE, b"bare\n"])
def test_a_client_that_takes_no_replies_gets_no_message_stored_behind_its_back(tmp_path, end):
    """The first write fails while a whole group is at work; its message was never answered."""
    ours, theirs = socket.socketpair()
    reading, writing = os.pipe()
    os.write(writing, b"HELP\r\n" * 20 + MESSAGE + end)
    ours.close()
    session = Session(Settings(b"G", Peer(b"h", b"a", None), b"me", 0, Policy()))
    session.greet = list  # type: ignore[method-assign]
    with theirs:
        client = TimedStream(reading, theirs.fileno(), 5.0)
        assert Conversation(session, client, queue_into(tmp_path / "kept"), nobody).run() == 1
    os.close(reading)
    os.close(writing)
    assert children() == []
    assert not (tmp_path / "kept").exists()


class Offered:
    """A client, and a server that begins TLS, which is plain text here, or does not."""

    def __init__(self, path: Path, told: bytes) -> None:
        self.path = path
        self.plain, plain = socket.socketpair()
        self.text, text = socket.socketpair()
        self.server, control = socket.socketpair()
        self.held = [plain, text, control]
        self.server.sendall(told)
        self.server.shutdown(socket.SHUT_WR)
        self.offer = Offer(control.fileno(), text.fileno(), text.fileno())
        self.client = TimedStream(plain.fileno(), plain.fileno(), 5.0)

    def talk(self, said: bytes, then: bytes = b"") -> tuple[int, bytes, bytes]:
        """The exit code, and what was replied in the plain and over TLS."""
        settings = Settings(b"G", Peer(b"h", b"a", None), b"me", 0, RELAY, offers_tls=True)
        for end, text in ((self.plain, said), (self.text, then)):
            end.sendall(text)
            end.shutdown(socket.SHUT_WR)
        program = queue_into(self.path)
        code = Conversation(Session(settings), self.client, program, nobody, self.offer).run()
        for end in self.held:
            end.close()
        return code, self.plain.makefile("rb").read(), self.text.makefile("rb").read()

    def close(self) -> None:
        for end in (*self.held, self.plain, self.text, self.server):
            end.close()


@pytest.fixture
def offered(tmp_path, monkeypatch):
    monkeypatch.delenv("SSL_PROTOCOL", raising=False)
    made = []

    def call(told):
        made.append(Offered(tmp_path / "kept", told))
        return made[-1]

    yield call
    for one in made:
        one.close()
    os.environ.pop("SSL_PROTOCOL", None)


def test_tls_is_wished_for_and_the_dialogue_goes_on_there(offered):
    ends = offered(b"SSL_PROTOCOL=TLSv1.3\0\0")
    code, plain, text = ends.talk(b"STARTTLS\r\nMAIL FROM:<injected>\r\n", b"RCPT\r\nQUIT\r\n")
    assert (code, plain) == (0, GREETED + b"220 ready for tls\r\n")
    assert text == b"503 MAIL first (#5.5.1)\r\n221 G\r\n"
    assert ends.server.recv(100) == b"Y"
    assert os.environ["SSL_PROTOCOL"] == "TLSv1.3"


def test_tls_that_fails_ends_the_dialogue(offered):
    ends = offered(b"")
    assert ends.talk(b"STARTTLS\r\nNOOP\r\n") == (1, GREETED + b"220 ready for tls\r\n", b"")


def test_tls_that_nobody_begins(offered):
    ends = offered(b"")
    ends.server.close()
    code, plain, text = ends.talk(b"STARTTLS\r\nQUIT\r\n")
    assert (code, plain) == (0, GREETED + b"454 TLS not available (#4.3.0)\r\n221 G\r\n")
    assert text == b""
