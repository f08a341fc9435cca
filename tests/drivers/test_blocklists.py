from __future__ import annotations

import os

import pytest

from supervise.drivers import blocklists, nameservers
from supervise.machines.verdict import ALLOWED, LISTED, Answer, Source
from tests.support.conversations import soon
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
    monkeypatch.setattr(nameservers, "PORT", server.port)
    monkeypatch.setenv("DNSCACHEIP", "127.0.0.1")
    return server


def listed(base):
    return Source(LISTED, base, False, False)


def allowed(base):
    return Source(ALLOWED, base, False, False)


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
    assert list(blocklists.ask_all([source], ip, soon())) == [(source, answer)]
    assert list(blocklists.ask_all([source, source], ip, soon())) == [(source, answer)] * 2


def test_answers_come_in_the_order_of_the_lists(names):
    bases = [b"spam.test", b"none.test", b"down.test", b"empty.test"] * 10
    sources = [listed(base) for base in bases]
    said = {b"spam.test": Answer(True, b"one two, three"), b"down.test": None}
    answers = list(blocklists.ask_all(sources, CLIENT, soon()))
    assert answers == [(listed(base), said.get(base, Answer(False))) for base in bases]


def test_a_long_text_is_read_to_its_end(names):
    ((_, answer),) = blocklists.ask_all([listed(b"long.test")], CLIENT, soon())
    assert len(answer.text) == 5000


def test_a_list_that_is_silent_does_not_keep_the_others_waiting(names):
    sources = [listed(b"spam.test"), listed(b"silent.test")]
    answers = blocklists.ask_all(sources, CLIENT, soon())
    assert next(answers) == (sources[0], Answer(True, b"one two, three"))
    answers.close()


def test_all_lists_are_asked_before_any_is_heard(names):
    sources = [listed(b"silent.test"), *[listed(b"spam.test")] * 40]
    found = [answer for _, answer in blocklists.ask_all(sources, CLIENT, soon(1.5))]
    assert found == [None, *[Answer(True, b"one two, three")] * 40]


def test_who_has_heard_enough_leaves_nothing_open(names):
    before = os.listdir("/proc/self/fd")
    answers = blocklists.ask_all([listed(b"spam.test"), listed(b"silent.test")], CLIENT, soon())
    next(answers)
    assert len(os.listdir("/proc/self/fd")) > len(before)
    answers.close()
    assert os.listdir("/proc/self/fd") == before
    with pytest.raises(StopIteration):
        next(answers)
