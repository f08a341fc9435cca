"""Who takes a stream in pieces: one row for each such class, with what it does from the first piece
to the end, so that all can be asked whether the pieces matter and what they keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from hypothesis import strategies as st

from supervise.formats import crlf, envelope, proxyheader
from supervise.formats.received import Peer
from supervise.machines.commandlines import CommandLines
from supervise.machines.logline import Lines, Segment
from supervise.machines.mailpolicy import Policy
from supervise.machines.messagedata import HopCounter, MessageData, State
from supervise.machines.refusal import Refusal
from supervise.machines.smtp import RECIPIENT_LIMIT, Session
from supervise.machines.smtpeffects import (
    Abandon,
    Commit,
    Effect,
    Exit,
    FindHosts,
    OpenQueue,
    Reply,
    StartTls,
    Store,
)
from supervise.machines.smtpsettings import Settings
from supervise.machines.stamper import Stamper
from supervise.machines.syslogentries import Entries
from supervise.machines.tail import Tail
from supervise.machines.translator import Translator
from tests.support import generators
from tests.support.strangers import ENVELOPE, LABELS, LINES, PROXIES

Feed = Callable[[bytes], Iterator[object]]  # what comes of a piece; empty: of the end
END = b""


class Stream(NamedTuple):
    """How a reader is begun, what its input is made of, and the bytes that it may keep."""

    begin: Callable[[], Feed]
    tokens: list[bytes]
    keeps: int = 4096

    @property
    def inputs(self) -> st.SearchStrategy[bytes]:
        return generators.short_texts(self.tokens)


def outcome(begin: Callable[[], Feed], pieces: list[bytes]) -> list[object]:
    """All that comes of these pieces, neighbouring bytes joined."""
    feed = begin()
    found: list[object] = [b""]
    for piece in [*filter(None, pieces), END]:
        for one in feed(piece):
            if isinstance(one, bytes) and isinstance(found[-1], bytes):
                found[-1] += one
            else:
                found.append(one)
    return found


def remover() -> Feed:
    subject = crlf.Remover()
    return lambda piece: iter([subject.feed(piece) if piece else subject.end()])


def completer() -> Feed:
    subject = crlf.Completer()
    return lambda piece: iter([subject.feed(piece)])


def enveloped() -> Feed:
    subject = envelope.Reader()
    refused: list[type[Exception]] = []

    def feed(piece: bytes) -> Iterator[object]:
        try:
            if not refused:
                yield from subject.feed(piece)
        except (envelope.BadEnvelope, envelope.AddressTooLong) as error:
            refused.append(type(error))
            yield type(error)
        if piece == END:
            yield subject.complete

    return feed


def proxied() -> Feed:
    head = bytearray()
    done: list[object] = []

    def feed(piece: bytes) -> Iterator[object]:
        while piece and not done:
            try:
                more = proxyheader.missing(bytes(head))
                head.extend(piece[:more])
                piece = piece[more:]
                if not proxyheader.missing(bytes(head)):
                    done.append(proxyheader.parse(bytes(head)))
            except ValueError:
                done.append(ValueError)  # why depends on what has come; that it is refused does not
                return
        if done[:1] != [ValueError]:
            yield piece  # the client's
        if piece == END:
            yield from done

    return feed


def lines() -> Feed:
    subject = CommandLines()

    def feed(piece: bytes) -> Iterator[object]:
        subject.add(piece)
        while (line := subject.next()) is not None:
            yield line, subject.too_long(line)

    return feed


def hops() -> Feed:
    subject = HopCounter()

    def feed(piece: bytes) -> Iterator[object]:
        subject.feed(piece)
        if piece == END:
            yield subject.count

    return feed


def message() -> Feed:
    """Of a message that is broken something may be stored already, and how much does not matter."""
    subject = MessageData(0)
    state = State.MORE
    stored = b""

    def feed(piece: bytes) -> Iterator[object]:
        nonlocal state, stored
        if state is State.ENDED:
            yield piece
        if state is not State.MORE:
            return
        got = subject.feed(piece)
        state = got.state
        stored = (stored + got.stored)[-100:]
        if state is State.ENDED:
            yield stored, subject.looping, subject.stored
            yield got.rest
        elif state is State.BROKEN or piece == END:
            yield state

    return feed


def refusal() -> Feed:
    subject = Refusal(b"553 no")
    return lambda piece: iter(subject.received(piece) if not subject.over else [])


def dialogue() -> Feed:
    """A session with a queue that takes what it gets, except for every second message; one that is
    abandoned has got nothing, and Store only says how much."""
    policy = Policy(hosts=frozenset({b"a"}), more_hosts=True, bad_senders=frozenset({b"@b"}))
    peer = Peer(b"unknown", b"127.0.0.1", None)
    session = Session(Settings(b"G", peer, b"me", 200, policy, offers_tls=True))
    odd = False
    stored = 0

    def answer(effect: Effect) -> list[Effect]:
        nonlocal odd
        match effect:
            case OpenQueue():
                return session.queue_opened(0)
            case StartTls():
                return session.tls_unavailable()
            case FindHosts():
                odd = not odd
                return session.hosts_found(odd)
            case Commit():
                odd = not odd
                return session.message_stored(0, 7) if odd else session.message_refused(b"451 no")
        return []

    def perform(effects: list[Effect]) -> Iterator[object]:
        nonlocal stored
        for effect in effects:
            match effect:
                case Reply(text):
                    yield text
                case Store(data):
                    stored += len(data)
                case Abandon() | Exit():
                    yield effect
                    stored = 0
                case Commit():
                    yield effect, stored
                    stored = 0
            yield from perform(answer(effect))

    def feed(piece: bytes) -> Iterator[object]:
        if not session.ended:
            yield from perform(session.received(piece) if piece else session.hung_up())

    return feed


def judged(segments: list[Segment]) -> Iterator[object]:
    return (segment.text for segment in segments)


def logged() -> Feed:
    subject = Lines()
    return lambda piece: judged(subject.take(piece, b"@1 ") if piece else subject.end())


def stamped() -> Feed:
    subject = Stamper()
    return lambda piece: iter([subject.take(piece, b"@1 ")] if piece else [])


def entries() -> Feed:
    subject = Entries()
    return lambda piece: iter(subject.take(piece, b"T") if piece else subject.end())


def tail() -> Feed:
    subject = Tail(20)

    def feed(piece: bytes) -> Iterator[object]:
        subject.take(piece)
        if piece == END:
            yield subject.row

    return feed


def translated() -> Feed:
    subject = Translator(lambda second: (1970, 1, 1, 0, 0, 0))
    return lambda piece: iter([subject.take(piece) if piece else subject.end()])


DIALOGUE = [
    b"MAIL FROM:<a@a>\r\n", b"MAIL FROM:<a@b>\n", b"RCPT TO:<x@a>\r\n", b"RCPT TO:<x@c>\r\n",
    b"DATA\r\n", b"RSET\r\n", b"STARTTLS\r\n", b"EHLO a\r\n", b"QUIT\r\n", b"\r\n.\r\n", b".\r\n",
    b"..", b"\r", b"\n", b"Received: x\r\n", b"x", b"\0",
]  # fmt: skip
MESSAGE = [
    b"\r\n",
    b"\r\n.\r\n",
    b".",
    b"\r",
    b"\n",
    b"x",
    b"Received: ",
    b"delivered",
    b"\r\n\r\n",
]

STREAMS: dict[str, Stream] = {
    "commandlines.CommandLines": Stream(lines, LINES, 100_000),
    "crlf.Completer": Stream(completer, [b"\r", b"\n", b"\r\n", b"a"]),
    "crlf.Remover": Stream(remover, [b"\r", b"\n", b"\r\n", b"a"]),
    "envelope.Reader": Stream(enveloped, ENVELOPE),
    "logline.Lines": Stream(logged, [b"\n", b"a", b"x" * 500, b"y" * 999, b" "]),
    "messagedata.HopCounter": Stream(hops, MESSAGE),
    "messagedata.MessageData": Stream(message, MESSAGE),
    "proxyheader.missing": Stream(proxied, PROXIES, 2 * proxyheader.LONGEST),
    "refusal.Refusal": Stream(refusal, [b"RCPT", b"quit", b"\n", b"\r\n", b" ", b"x"], 100_000),
    "smtp.Session": Stream(dialogue, DIALOGUE, 100 * RECIPIENT_LIMIT),
    "stamper.Stamper": Stream(stamped, LINES),
    "syslogentries.Entries": Stream(entries, [b"alert:", b"\n", b"a", b"x" * 400, b"y" * 799]),
    "tail.Tail": Stream(tail, LINES),
    "translator.Translator": Stream(translated, LABELS),
}

# Classes that take pieces and are no readers of one stream, and why.
NO_STREAMS = {
    "relay.Relay": "it passes pieces on as they are, one at a time",
    "routing.Followed": "it takes segments, which have been cut already",
    "tunnel.Tunnel": "its pieces are those of TLS; test_tunnel cuts them",
}
