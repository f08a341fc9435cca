from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervise.formats import smtp
from supervise.formats.received import Peer
from supervise.machines.commandlines import LINE_LIMIT
from supervise.machines.mailpolicy import Policy
from supervise.machines.smtp import RECIPIENT_LIMIT, Session
from supervise.machines.smtpeffects import (
    Abandon,
    Commit,
    Effect,
    Exit,
    FindHosts,
    Flush,
    OpenQueue,
    Reply,
    StartTls,
    Store,
)
from supervise.machines.smtpsettings import Settings

WHEN, PID = 1795354949, 4711
TRACE = b"Received: from unknown (unknown)\n  by me.example with SMTP; 22 Nov 2026 13:42:29 -0000\n"
OK, RELAY = b"250 ok\r\n", Policy()
TLS_READY = b"220 ready for tls\r\n"
HELLO = b"250-G\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
HELLO_WITH_TLS = b"250-G\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 8BITMIME\r\n"
UNIMPLEMENTED = b"502 unimplemented (#5.5.1)\r\n"
MAIL, RCPT = b"MAIL FROM:<s@x>\r\n", b"RCPT TO:<r@y>\r\n"


def session(policy: Policy = RELAY, size_limit: int = 0, **tls: bool) -> Session:
    peer = Peer(b"unknown", b"unknown", None)
    return Session(Settings(b"G", peer, b"me.example", size_limit, policy, **tls))


class Dialogue:
    """A session with a queue that takes everything and a second list that has `more`."""

    def __init__(
        self, subject: Session, more: tuple[bytes, ...] = (), refusal: bytes = b""
    ) -> None:
        self.session = subject
        self.more = more
        self.refusal = refusal
        self.effects: list[Effect] = []

    def say(self, *chunks: bytes) -> bytes:
        """What is replied to these bytes."""
        before = len(self.replies)
        for chunk in chunks:
            self.perform(self.session.received(chunk))
        return self.replies[before:]

    def perform(self, effects: list[Effect]) -> None:
        while effects:
            self.effects += effects
            questions = [effect for effect in effects if isinstance(effect, ASKING)]
            assert questions in ([], effects[-1:])
            effects = self.answer(effects[-1])

    def answer(self, effect: Effect) -> list[Effect]:
        match effect:
            case FindHosts(names):
                return self.session.hosts_found(any(name in self.more for name in names))
            case StartTls(ready):
                assert ready == TLS_READY
                return self.session.tls_started()
            case OpenQueue():
                return self.session.queue_opened(WHEN)
            case Commit() if self.refusal:
                return self.session.message_refused(self.refusal)
            case Commit():
                return self.session.message_stored(WHEN, PID)
        return []

    def of(self, kind: type) -> list:
        return [effect for effect in self.effects if isinstance(effect, kind)]

    @property
    def replies(self) -> bytes:
        return b"".join(reply.text for reply in self.of(Reply))

    @property
    def stored(self) -> bytes:
        return b"".join(store.data for store in self.of(Store))

    @property
    def committed(self) -> list[bytes]:
        """The messages that were committed, whole."""
        messages, current = [], b""
        for effect in self.effects:
            match effect:
                case OpenQueue():
                    current = b""
                case Store(data):
                    current += data
                case Commit():
                    messages.append(current)
        return messages


ASKING = (FindHosts, OpenQueue, Commit, StartTls)


def test_the_greeting():
    assert session().greet() == [Reply(b"220 G ESMTP\r\n"), Flush()]


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        (b"HELO x\r\n", b"250 G\r\n"),
        (b"HELO\r\n", b"250 G\r\n"),
        (b"EHLO x\r\n", b"250-G\r\n250-PIPELINING\r\n250 8BITMIME\r\n"),
        (b"MAIL FROM:<a@b>\r\n", OK),
        (b"mail\r\n", OK),
        (b"MAIL FROM:<" + b"x" * 899 + b">\r\n", OK),
        (b"MAIL FROM:<" + b"x" * 900 + b">\r\n", b"555 syntax error (#5.5.4)\r\n"),
        (b"RCPT TO:<a@b>\r\n", b"503 MAIL first (#5.5.1)\r\n"),
        (b"RCPT TO:<" + b"x" * 900 + b">\r\n", b"503 MAIL first (#5.5.1)\r\n"),
        (b"DATA\r\n", b"503 MAIL first (#5.5.1)\r\n"),
        (MAIL + b"DATA\r\n", OK + b"503 RCPT first (#5.5.1)\r\n"),
        (MAIL + RCPT, OK + OK),
        (MAIL + b"RCPT TO:<" + b"x" * 899 + b">\r\n", OK + OK),
        (MAIL + b"RCPT TO:<" + b"x" * 900 + b">\r\n", OK + b"555 syntax error (#5.5.4)\r\n"),
        (b"RSET\r\n", b"250 flushed\r\n"),
        (b"NOOP\r\n", OK),
        (b"NOOP with words\r\n", OK),
        (b"NOOP\0words\r\n", OK),
        (b"noop\n", OK),
        (b"VRFY x\r\n", b"252 send some mail, i'll try my best\r\n"),
        (b"HELP\r\n", b"214 notqmail home page: https://notqmail.org\r\n"),
        (b"EXPN x\r\n", b"502 unimplemented (#5.5.1)\r\n"),
        (b"STARTTLS\r\n", b"502 unimplemented (#5.5.1)\r\n"),
        (b"\r\n", b"502 unimplemented (#5.5.1)\r\n"),
        (b"\n", b"502 unimplemented (#5.5.1)\r\n"),
        (b" NOOP\r\n", b"502 unimplemented (#5.5.1)\r\n"),
        (b"NOOP\tx\r\n", b"502 unimplemented (#5.5.1)\r\n"),
        (b"\0\r\n", b"502 unimplemented (#5.5.1)\r\n"),
        (b"QUIT now\r\n", b"221 G\r\n"),
        (b"QUIT\r\nNOOP\r\n", b"221 G\r\n"),
        (b"x" * (LINE_LIMIT + 1) + b"\nNOOP\r\n", b"500 line too long (#5.5.2)\r\n" + OK),
        (b"x" * LINE_LIMIT + b"\nNOOP\r\n", b"502 unimplemented (#5.5.1)\r\n" + OK),
    ],
    ids=lambda value: repr(value[:40]),
)
def test_the_reply_to(said, reply):
    dialogue = Dialogue(session())
    assert dialogue.say(said) == reply


def test_quit_ends_the_session_with_0_and_nothing_follows():
    subject = session()
    assert subject.received(b"QUIT\r\nNOOP\r\n") == [Reply(b"221 G\r\n"), Exit(0)]
    assert subject.received(b"NOOP\r\n") == []


def test_a_message():
    dialogue = Dialogue(session())
    assert dialogue.say(b"HELO h\r\n", MAIL, RCPT, b"RCPT TO:<r2@y>\r\n") == b"250 G\r\n" + OK * 3
    assert dialogue.say(b"DATA\r\n") == b"354 go ahead\r\n"
    assert dialogue.say(b"Subject: x\r\n\r\n..dot\r\n") == b""
    assert dialogue.say(b".\r\n") == b"250 ok 1795354949 qp 4711\r\n"
    trace = TRACE.replace(b"unknown (", b"unknown (HELO h) (", 1)
    assert dialogue.stored == trace + b"Subject: x\n\n.dot\n"
    assert dialogue.of(Commit) == [Commit(b"Fs@x\0Tr@y\0Tr2@y\0\0")]
    assert dialogue.say(b"DATA\r\n", RCPT) == b"503 MAIL first (#5.5.1)\r\n" * 2
    assert dialogue.say(MAIL, b"DATA\r\n") == OK + b"503 RCPT first (#5.5.1)\r\n"


def test_a_pipelined_group_is_flushed_once():
    effects = session().received(MAIL + RCPT + RCPT + b"RSET\r\nNOOP\r\n")
    assert effects == [
        *[Reply(OK)] * 3, Reply(b"250 flushed\r\n"), Reply(OK), Flush(),
    ]  # fmt: skip


def test_questions_stop_a_pipelined_group():
    subject = session()
    assert subject.received(MAIL + RCPT + b"DATA\r\nhello\r\n.\r\nQUIT\r\n") == [
        Reply(OK), Reply(OK), OpenQueue(),
    ]  # fmt: skip
    assert subject.queue_opened(WHEN) == [
        Reply(b"354 go ahead\r\n"), Store(TRACE), Store(b"hello\n"), Commit(b"Fs@x\0Tr@y\0\0"),
    ]  # fmt: skip
    assert subject.message_stored(WHEN, PID) == [
        Reply(b"250 ok 1795354949 qp 4711\r\n"), Flush(), Reply(b"221 G\r\n"), Exit(0),
    ]  # fmt: skip


def test_a_queue_that_cannot_be_started():
    subject = session()
    subject.received(MAIL + RCPT + b"DATA\r\nRCPT TO:<x@y>\r\n")
    assert subject.queue_not_opened() == [
        Reply(b"451 qqt failure (#4.3.0)\r\n"), Flush(), Reply(b"503 MAIL first (#5.5.1)\r\n"),
    ]  # fmt: skip


def test_a_queue_that_refuses():
    dialogue = Dialogue(session(), refusal=b"554 no (#5.7.1)")
    assert dialogue.say(MAIL, RCPT, b"DATA\r\n.\r\n").endswith(b"go ahead\r\n554 no (#5.7.1)\r\n")
    assert dialogue.say(RCPT) == b"503 MAIL first (#5.5.1)\r\n"


@pytest.mark.parametrize("reset", [b"RSET\r\n", b"HELO x\r\n", b"EHLO x\r\n"])
def test_what_resets_a_transaction(reset):
    dialogue = Dialogue(session())
    dialogue.say(MAIL, RCPT, reset)
    assert dialogue.say(RCPT) == b"503 MAIL first (#5.5.1)\r\n"


def test_mail_clears_the_recipients_but_a_failed_one_keeps_everything():
    dialogue = Dialogue(session())
    dialogue.say(MAIL, RCPT, b"MAIL FROM:<t@x>\r\n")
    assert dialogue.say(b"DATA\r\n") == b"503 RCPT first (#5.5.1)\r\n"
    dialogue.say(RCPT, b"MAIL FROM:<" + b"x" * 900 + b">\r\n")
    dialogue.say(b"RCPT TO:<" + b"x" * 900 + b">\r\n", b"DATA\r\n.\r\n")
    assert dialogue.of(Commit) == [Commit(b"Ft@x\0Tr@y\0\0")]


def test_empty_addresses_are_accepted():
    dialogue = Dialogue(session(Policy(hosts=frozenset())))
    dialogue.say(b"MAIL FROM:<>\r\nRCPT TO:<>\r\nDATA\r\n.\r\n")
    assert dialogue.of(Commit) == [Commit(b"F\0T\0\0")]


def test_a_bad_sender_is_refused_at_rcpt():
    dialogue = Dialogue(session(Policy(relay=b"", bad_senders=frozenset({b"@x"}))))
    assert dialogue.say(MAIL, RCPT, b"DATA\r\n") == (
        OK + b"553 sorry, your envelope sender is in my badmailfrom list (#5.7.1)\r\n"
        b"503 RCPT first (#5.5.1)\r\n"
    )
    assert dialogue.say(b"MAIL FROM:<a@good>\r\n", RCPT) == OK + OK


def test_a_recipient_elsewhere_is_refused():
    dialogue = Dialogue(session(Policy(hosts=frozenset({b"ok"}))))
    assert dialogue.say(MAIL, RCPT, b"RCPT TO:<a@OK>\r\n") == (
        OK + b"553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)\r\n" + OK
    )


def test_the_second_list_is_asked():
    policy = Policy(hosts=frozenset({b"ok"}), more_hosts=True)
    dialogue = Dialogue(session(policy), more=(b".y",))
    assert dialogue.say(
        MAIL + b"RCPT TO:<a@b.Y>\r\nRCPT TO:<a@z>\r\nRCPT TO:<a@ok>\r\nRCPT TO:<a@>\r\n"
    ) == (OK + OK + smtp.NOT_OURS + OK + smtp.NOT_OURS)
    assert dialogue.of(FindHosts) == [FindHosts((b"b.y", b".y")), FindHosts((b"z",))]


def test_a_second_list_that_cannot_be_read_ends_the_session():
    subject = session(Policy(hosts=frozenset(), more_hosts=True))
    assert subject.received(MAIL + RCPT) == [Reply(OK), FindHosts((b"y",))]
    assert subject.controls_unreadable() == [
        Reply(b"421 unable to read controls (#4.3.0)\r\n"), Exit(1),
    ]  # fmt: skip


def test_a_relay_client_s_recipients_get_its_ending():
    dialogue = Dialogue(session(Policy(relay=b".via", hosts=frozenset())))
    long = b"x" * 895 + b"@a.b"
    assert dialogue.say(MAIL, RCPT, b"RCPT TO:<" + long + b">\r\n", b"DATA\r\n.\r\n").startswith(
        OK * 3
    )
    assert dialogue.of(Commit) == [Commit(b"Fs@x\0Tr@y.via\0T" + long + b".via\0\0")]


def test_our_address_becomes_our_name_in_senders_and_recipients():
    policy = Policy(
        local_name=b"me.example",
        addresses=frozenset({b"\x7f\0\0\1"}),
        hosts=frozenset({b"me.example"}),
    )
    dialogue = Dialogue(session(policy))
    dialogue.say(b"MAIL FROM:<a@[127.0.0.1]>\r\nRCPT TO:<b@[127.0.0.1]>\r\nDATA\r\n.\r\n")
    assert dialogue.of(Commit) == [Commit(b"Fa@me.example\0Tb@me.example\0\0")]


def test_the_number_of_recipients_has_a_limit():
    dialogue = Dialogue(session())
    dialogue.say(MAIL)
    assert dialogue.say(RCPT * RECIPIENT_LIMIT) == OK * RECIPIENT_LIMIT
    assert dialogue.say(RCPT) == b"452 too many recipients (#4.5.3)\r\n"
    assert dialogue.say(b"DATA\r\n.\r\n").endswith(b"250 ok 1795354949 qp 4711\r\n")
    assert dialogue.of(Commit)[0].envelope.count(b"T") == RECIPIENT_LIMIT


@pytest.mark.parametrize(
    ("size_limit", "hops", "reply"),
    [
        (0, 99, b"250 ok 1795354949 qp 4711\r\n"),
        (0, 100, b"554 too many hops, this message is looping (#5.4.6)\r\n"),
        (5, 100, b"554 too many hops, this message is looping (#5.4.6)\r\n"),
        (990, 99, b"250 ok 1795354949 qp 4711\r\n"),
        (989, 99, b"552 sorry, that message size exceeds my databytes limit (#5.3.4)\r\n"),
    ],
)
def test_the_judgement_after_the_final_dot(size_limit, hops, reply):
    dialogue = Dialogue(session(size_limit=size_limit))
    said = dialogue.say(MAIL, RCPT, b"DATA\r\n", b"Received:\r\n" * hops, b".\r\n")
    assert said == OK + OK + b"354 go ahead\r\n" + reply
    accepted = reply.startswith(b"250")
    assert (len(dialogue.of(Commit)), len(dialogue.of(Abandon))) == (accepted, not accepted)
    assert dialogue.say(RCPT) == b"503 MAIL first (#5.5.1)\r\n"
    assert dialogue.say(MAIL) == OK


def test_a_message_that_is_too_big_is_not_stored_further():
    dialogue = Dialogue(session(size_limit=10))
    dialogue.say(MAIL, RCPT, b"DATA\r\n", *[b"12345\r\n"] * 50, b".\r\n")
    assert dialogue.stored == TRACE + b"12345\n"


def test_a_bare_line_feed_in_a_message_ends_the_session():
    dialogue = Dialogue(session())
    said = dialogue.say(MAIL, RCPT, b"DATA\r\n", b"ok\r\nbad\n.\r\nQUIT\r\n")
    assert said.endswith(b"451 See https://cr.yp.to/docs/smtplf.html.\r\n")
    assert dialogue.effects[-2:] == [Abandon(), Exit(1)]
    assert dialogue.of(Commit) == []


@pytest.mark.parametrize("in_message", [False, True])
def test_silence_and_absence_end_the_session_with_1(in_message):
    started = MAIL + RCPT + b"DATA\r\n" if in_message else MAIL
    abandoned = [Abandon()] if in_message else []
    for event, reply in [
        (Session.hung_up, []),
        (Session.timed_out, [Reply(b"451 timeout (#4.4.2)\r\n")]),
    ]:
        dialogue = Dialogue(session())
        dialogue.say(started)
        assert event(dialogue.session) == [*reply, *abandoned, Exit(1)]
        assert dialogue.session.received(b"NOOP\r\n") == []


WORDS = st.sampled_from(
    [MAIL, RCPT, b"DATA\r\n", b".\r\n", b"hello\r\n", b"..x\r\n", b"QUIT\r\n", b"RSET\n",
     b"EHLO y\r\n",
     b"RCPT TO:<a@ok>\r\n", b"RCPT TO:<a@more>\r\n", b"Received: x\r\n" * 100, b"NOOP\0\r\n", b"\r",
     b".", b"\n", b"MAIL FROM:<bad@x>\r\n", MAIL + RCPT + b"DATA\r\n", b"\r\n.\r\n", b"x" * 300]
)  # fmt: skip
STRICT = Policy(hosts=frozenset({b"ok", b"y"}), more_hosts=True, bad_senders=frozenset({b"bad@x"}))


@given(st.lists(WORDS, max_size=25).map(b"".join), st.data())
@settings(max_examples=200)
def test_a_dialogue_is_the_same_however_it_is_cut(wire, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=8)))
    pieces = [wire[a:b] for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
    whole, cut = (Dialogue(session(STRICT, size_limit=200), more=(b"more",)) for _ in range(2))
    whole.say(*[wire[at : at + 1] for at in range(len(wire))])
    cut.say(*pieces)
    for kind in (Reply, Commit, Abandon, Exit, OpenQueue, FindHosts, Flush):
        assert cut.of(kind) == whole.of(kind)
    assert cut.committed == whole.committed


@given(st.lists(st.binary(max_size=200), max_size=20), st.booleans())
@settings(max_examples=200)
def test_rubbish_never_raises_and_is_not_kept(chunks, in_message):
    dialogue = Dialogue(session(STRICT))
    if in_message:
        dialogue.say(MAIL, RCPT, b"DATA\r\n")
    dialogue.say(*chunks)
    assert len(dialogue.session.lines.waiting) <= LINE_LIMIT + 1
    assert all(isinstance(effect, Exit) for effect in dialogue.effects[-1:]) or (
        not dialogue.session.ended
    )


def test_tls_is_offered_where_the_server_does_so():
    assert Dialogue(session()).say(b"EHLO x\r\n") == HELLO
    assert Dialogue(session(offers_tls=True)).say(b"EHLO x\r\n") == HELLO_WITH_TLS
    assert Dialogue(session(offers_tls=True)).say(b"HELO x\r\n") == b"250 G\r\n"
    assert Dialogue(session(secure=True)).say(b"EHLO x\r\n") == HELLO


def test_tls_is_begun_once():
    dialogue = Dialogue(session(offers_tls=True))
    assert dialogue.say(b"STARTTLS\r\n") == b""
    assert dialogue.effects == [StartTls(TLS_READY)]
    assert dialogue.say(b"EHLO x\r\n") == HELLO
    assert dialogue.say(b"STARTTLS\r\n") == UNIMPLEMENTED


def test_tls_that_is_not_offered():
    assert Dialogue(session()).say(b"STARTTLS\r\n") == UNIMPLEMENTED


def test_an_argument_of_starttls():
    dialogue = Dialogue(session(offers_tls=True))
    assert dialogue.say(b"STARTTLS now\r\n") == (
        b"501 syntax error, no argument allowed (#5.5.4)\r\n"
    )
    assert dialogue.of(StartTls) == []


def test_what_came_before_tls_is_forgotten():
    dialogue = Dialogue(session(offers_tls=True))
    dialogue.say(b"HELO liar\r\n", MAIL, RCPT, b"STARTTLS\r\n")
    assert dialogue.say(RCPT) == b"503 MAIL first (#5.5.1)\r\n"
    dialogue.say(MAIL, RCPT, b"DATA\r\n")
    assert dialogue.of(Store) == [Store(TRACE.replace(b"SMTP", b"ESMTPS"))]


@pytest.mark.parametrize("injected", [MAIL, MAIL + RCPT + b"DATA\r\nx\r\n.\r\n", b"QUIT", b"\r\n"])
def test_what_came_with_starttls_is_not_taken_for_protected(injected):
    """CVE-2011-0411: somebody on the way adds commands, which would be obeyed as the client's."""
    dialogue = Dialogue(session(offers_tls=True))
    assert dialogue.say(b"STARTTLS\r\n" + injected) == b""
    assert dialogue.effects == [StartTls(TLS_READY)]
    assert dialogue.say(RCPT) == b"503 MAIL first (#5.5.1)\r\n"


def test_tls_that_cannot_be_begun_leaves_everything_as_it_is():
    dialogue = Dialogue(session(offers_tls=True))
    dialogue.session.received(MAIL + b"STARTTLS\r\n" + RCPT + b"NOOP\r\n")
    dialogue.perform(dialogue.session.tls_unavailable())
    assert dialogue.replies == b"454 TLS not available (#4.3.0)\r\n" + OK * 2
    assert dialogue.say(b"EHLO x\r\n") == HELLO_WITH_TLS


def test_mail_may_have_to_wait_for_tls():
    dialogue = Dialogue(session(offers_tls=True, forces_tls=True))
    assert dialogue.say(MAIL) == b"530 Must issue a STARTTLS command first (#5.7.0)\r\n"
    assert dialogue.say(RCPT) == b"503 MAIL first (#5.5.1)\r\n"
    dialogue.say(b"STARTTLS\r\n")
    assert dialogue.say(MAIL) == OK
    assert Dialogue(session(secure=True, forces_tls=True)).say(MAIL) == OK
