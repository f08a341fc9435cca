"""Name and identity servers in the test's own process: what they answer is a function that the test
gives, and nothing is answered before as much has been asked as the test wants."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import dns.message
import dns.rcode
import dns.rdatatype
from dns.message import Message

from tests.support.zoneserver import bind

KEPT_OPEN = 64  # connections
MOMENT = 0.01  # seconds between two pieces


class Question(NamedTuple):
    text: str  # «NAME TYPE»
    query: Message
    over_tcp: bool
    times: int  # how often it was asked over this transport, this time included


class Elsewhere(NamedTuple):
    """A datagram that comes from another port."""

    wire: bytes


class Raw(NamedTuple):
    """What is sent over TCP as it is; then the connection ends."""

    stream: bytes


Reply = bytes | Elsewhere | Raw
Answer = Callable[[Question], list[Reply]]


def nothing(question: Question) -> list[Reply]:
    return []


def no_name(question: Question) -> list[Reply]:
    response = dns.message.make_response(question.query)
    response.set_rcode(dns.rcode.NXDOMAIN)
    return [response.to_wire()]


class Answering:
    """The servers: one loop in a thread of its own."""

    def __init__(self, ip: str, port: int) -> None:
        self.udp, self.tcp = bind(ip, port)
        self.elsewhere, self.unused = bind(ip, 0)
        self.ident = socket.create_server(("", 0), family=self.udp.family)
        self.port = self.udp.getsockname()[1]
        self.ident_port = self.ident.getsockname()[1]
        self.answers: dict[str, Answer] = {}  # by «NAME TYPE»; other names do not exist
        self.user: bytes | Iterable[bytes] | None = None  # what the identity server says: at once,
        # or piece by piece for as long as somebody listens; None: it keeps silent
        self.hold = 0  # questions that have come before the first is answered
        self.asked: list[str] = []  # «NAME TYPE», with « TCP» where it came so, and «ident»
        self.clients: list[int] = []  # the ports that datagrams came from
        self.events: list[str] = []  # those, and «answer» for each reply
        self.held: list[Callable[[], None]] = []
        self.open: list[socket.socket] = []
        self.talking: list[threading.Thread] = []
        self.failure: BaseException | None = None
        self.stopping, self.stop = os.pipe()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        try:
            while True:
                listening = [self.udp, self.tcp, self.ident, self.stopping]
                ready, _, _ = select.select(listening, [], [])
                if self.stopping in ready:
                    return
                if self.udp in ready:
                    self.take_datagram()
                if self.tcp in ready:
                    self.take_connection()
                if self.ident in ready:
                    self.take_ident()
        except BaseException as failure:
            self.failure = failure

    def note(self, what: str, send: Callable[[], None]) -> None:
        self.asked.append(what)
        self.events.append(what)
        self.held.append(send)
        if len(self.asked) >= self.hold:
            for held in self.held:
                held()
            self.held = []

    def replies(self, wire: bytes, over_tcp: bool) -> tuple[str, Callable[[], list[Reply]]]:
        query = dns.message.from_wire(wire)
        (asked,) = query.question
        text = f"{str(asked.name).lower()} {dns.rdatatype.to_text(asked.rdtype)}"
        shown = text + " TCP" * over_tcp
        question = Question(text, query, over_tcp, self.asked.count(shown) + 1)
        return shown, lambda: self.answers.get(text, no_name)(question)

    def take_datagram(self) -> None:
        wire, client = self.udp.recvfrom(65535)
        self.clients.append(client[1])
        what, replies = self.replies(wire, over_tcp=False)

        def send() -> None:
            for reply in replies():
                self.events.append("answer")
                if isinstance(reply, Elsewhere):
                    self.elsewhere.sendto(reply.wire, client)
                else:
                    assert isinstance(reply, bytes)
                    self.udp.sendto(reply, client)

        self.note(what, send)

    def take_connection(self) -> None:
        connection, _ = self.tcp.accept()
        wire = connection.recv(65535)
        while len(wire) < 2 + int.from_bytes(wire[:2]):
            wire += connection.recv(65535)
        what, replies = self.replies(wire[2:], over_tcp=True)

        def send() -> None:
            found = replies()
            for reply in found:
                self.events.append("answer")
                assert not isinstance(reply, Elsewhere)
                raw = reply.stream if isinstance(reply, Raw) else frame(reply)
                with contextlib.suppress(OSError):
                    connection.sendall(raw)
            self.keep(connection, bool(found))

        self.note(what, send)

    def take_ident(self) -> None:
        connection, _ = self.ident.accept()
        connection.recv(1000)

        def send() -> None:
            if isinstance(self.user, bytes):
                self.events.append("answer")
                with contextlib.suppress(OSError):
                    connection.sendall(self.user)
            elif self.user is not None:
                talking = threading.Thread(target=self.talk, args=(connection, self.user))
                talking.start()
                self.talking.append(talking)
            self.keep(connection, isinstance(self.user, bytes))

        self.note("ident", send)

    def talk(self, connection: socket.socket, pieces: Iterable[bytes]) -> None:
        with contextlib.suppress(OSError):
            for piece in pieces:
                connection.sendall(piece)
                ready, _, _ = select.select([connection, self.stopping], [], [], MOMENT)
                if ready:
                    return

    def keep(self, connection: socket.socket, finished: bool) -> None:
        """One that has got nothing stays open."""
        if finished:
            connection.close()
        else:
            self.open.append(connection)
            assert len(self.open) < KEPT_OPEN

    def forget(self) -> None:
        """Nothing has been asked yet."""
        self.asked.clear()
        self.events.clear()

    def close(self) -> None:
        os.write(self.stop, b"x")
        self.thread.join()
        for talking in self.talking:
            talking.join()
        for one in (self.udp, self.tcp, self.elsewhere, self.unused, self.ident, *self.open):
            one.close()
        os.close(self.stop)
        os.close(self.stopping)
        if self.failure is not None:
            raise self.failure


def frame(wire: bytes) -> bytes:
    """A message as it goes over TCP."""
    return len(wire).to_bytes(2) + wire


@contextlib.contextmanager
def servers(ip: str = "127.0.0.1", port: int = 0) -> Iterator[Answering]:
    answering = Answering(ip, port)
    answering.thread.start()
    try:
        yield answering
    finally:
        answering.close()
