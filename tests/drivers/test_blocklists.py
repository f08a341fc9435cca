from __future__ import annotations

import os
import signal
import socket

import pytest

from supervise.drivers import blocklists, resolver
from supervise.machines.verdict import Answer, Kind, Source
from supervise.unix import pipes, processes
from tests.support.forks import in_a_fork
from tests.support.patience import PATIENCE
from tests.support.processes import children, reap_orphans
from tests.support.tcpservers import start_names

CLIENT = b"1.2.3.4"
TABLE = {
    "4.3.2.1.spam.test. TXT": ['"one " "two"', '", three"'],
    "4.3.2.1.empty.test. TXT": ['""'],
    "4.3.2.1.only-a.test. A": ["127.0.0.2"],
    "4.3.2.1.down.test. TXT": ["servfail"],
    "4.3.2.1.down.test. A": ["servfail"],
    "4.3.2.1.silent.test. TXT": ["silent"],
    "4.3.2.1.long.test. TXT": [" ".join(f'"{chr(97 + at) * 250}"' for at in range(20))],
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.spam.test. TXT": ["six"],
    "spam.test. TXT": ["everybody"],
}


@pytest.fixture
def names(background, monkeypatch):
    server = start_names(background, TABLE)
    monkeypatch.setattr(resolver, "PORT", server.port)
    monkeypatch.setattr(resolver, "LIFETIME", PATIENCE)
    monkeypatch.setenv("DNSCACHEIP", "127.0.0.1")
    return server


def listed(base):
    return Source(Kind.LISTED, base, False, False)


def allowed(base):
    return Source(Kind.ALLOWED, base, False, False)


@pytest.mark.parametrize(
    ("source", "ip", "answer"),
    [
        (listed(b"spam.test"), CLIENT, Answer(True, b"one two, three")),
        (listed(b"spam.test."), b"::ffff:1.2.3.4", Answer(True, b"one two, three")),
        (listed(b"spam.test"), b"2001:db8::1", Answer(True, b"six")),
        (listed(b"spam.test"), b"", Answer(True, b"everybody")),
        (listed(b"empty.test"), CLIENT, Answer(False)),
        (listed(b"only-a.test"), CLIENT, Answer(False)),
        (listed(b"none.test"), CLIENT, Answer(False)),
        (listed(b"down.test"), CLIENT, None),
        (listed(b"x" * 64), CLIENT, None),
        (allowed(b"only-a.test"), CLIENT, Answer(True)),
        (allowed(b"spam.test"), CLIENT, Answer(False)),
        (allowed(b"down.test"), CLIENT, None),
    ],
)
def test_answers(names, source, ip, answer):
    assert blocklists.ask(source, ip) == answer
    assert list(blocklists.ask_all([source], ip)) == [(source, answer)]
    assert list(blocklists.ask_all([source, source], ip)) == [(source, answer)] * 2


def test_answers_come_in_the_order_of_the_lists(names):
    bases = [b"spam.test", b"none.test", b"down.test", b"empty.test"] * 10
    sources = [listed(base) for base in bases]
    said = {b"spam.test": Answer(True, b"one two, three"), b"down.test": None}
    answers = list(blocklists.ask_all(sources, CLIENT))
    assert answers == [(listed(base), said.get(base, Answer(False))) for base in bases]


def test_a_long_text_is_cut(names):
    source = listed(b"long.test")
    whole = blocklists.ask(source, CLIENT).text
    assert len(whole) == 5000
    cut = [answer.text for _, answer in blocklists.ask_all([source, source], CLIENT)]
    assert cut == [whole[: blocklists.TEXT_LIMIT]] * 2


def test_a_list_that_is_silent_does_not_keep_the_others_waiting(names, monkeypatch):
    monkeypatch.setattr(resolver, "LIFETIME", 1.5)
    monkeypatch.setattr(resolver, "TRY", 0.2)
    sources = [listed(b"silent.test"), listed(b"spam.test")]
    found = [answer for _, answer in blocklists.ask_all(sources, CLIENT)]
    assert found == [None, Answer(True, b"one two, three")]
    asked = [name for *_, name, _ in names.questions()]
    assert asked[-1] == b"4.3.2.1.silent.test."


def test_who_has_heard_enough_leaves_nobody_behind(names):
    before = children()
    answers = blocklists.ask_all([listed(b"spam.test"), listed(b"silent.test")], CLIENT)
    assert next(answers) == (listed(b"spam.test"), Answer(True, b"one two, three"))
    assert len(children()) > len(before)
    answers.close()
    assert children() == before
    with pytest.raises(StopIteration):
        next(answers)


def test_helpers_do_not_hold_the_client(names):
    def child():
        client, ours = socket.socketpair()
        client.settimeout(PATIENCE)
        os.dup2(ours.fileno(), 0)
        os.dup2(ours.fileno(), 1)
        ours.close()
        answers = blocklists.ask_all([listed(b"spam.test"), listed(b"silent.test")], CLIENT)
        next(answers)
        os.closerange(0, 2)
        gone = client.recv(1)
        answers.close()
        return gone

    # The other end is seen to close although a helper is still waiting for the DNS.
    assert in_a_fork(child) == b""


def test_without_more_processes_it_asks_itself(names, monkeypatch):
    sources = [listed(b"spam.test"), listed(b"none.test")]
    expected = list(blocklists.ask_all(sources, CLIENT))

    def refuse(*_):
        raise BlockingIOError

    monkeypatch.setattr(processes, "fork", refuse)
    assert list(blocklists.ask_all(sources, CLIENT)) == expected
    monkeypatch.setattr(pipes, "make", refuse)
    assert list(blocklists.ask_all(sources, CLIENT)) == expected


def test_where_children_are_ignored(names):
    def child():
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        sources = [listed(b"spam.test"), listed(b"none.test")]
        return [answer for _, answer in blocklists.ask_all(sources, CLIENT)]

    assert in_a_fork(child) == [Answer(True, b"one two, three"), Answer(False)]
    reap_orphans()


@pytest.mark.parametrize("answer", [None, Answer(False), Answer(True, b"a\0b"), Answer(True)])
def test_what_a_helper_writes_is_read(answer):
    assert blocklists.unpack(blocklists.pack(answer)) == answer


def test_a_helper_that_died_could_not_ask():
    assert blocklists.unpack(b"") is None
