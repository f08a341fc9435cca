from __future__ import annotations

import errno
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.drivers import dnsconfig, dnsmessage, nameservers
from supervise.unix import exchanges, sockets
from supervise.unix.sockets import End
from tests.support import answering, answers, unreachable
from tests.support.answering import Raw
from tests.support.conversations import finish, soon
from tests.support.patience import PATIENCE

NAME, LABELS = "www.test. A", (b"www", b"test")
GOOD = answers.right("10.0.0.1")
MANY = sorted(f"10.0.{at // 250}.{at % 250}" for at in range(1000))  # 16 kB
TOO_MANY = [*MANY, "10.9.9.9", *(f"10.1.0.{at}" for at in range(30))]
LATE, FAILED = errno.ETIMEDOUT, errno.EAGAIN
HASTY = 0.3  # seconds, where nothing comes that counts
FOREVER = 3600.0


@pytest.fixture
def server(monkeypatch):
    with answering.servers() as server:
        monkeypatch.setattr(nameservers, "PORT", server.port)
        monkeypatch.setattr(nameservers, "TURN", FOREVER)
        monkeypatch.setattr(nameservers, "answered_last", set())
        monkeypatch.setenv("DNSCACHEIP", "127.0.0.1")
        yield server


def ask(seconds=PATIENCE):
    """The addresses that are the answer, or the number of the trouble."""
    query = dnsmessage.query(LABELS, "A")
    made, real_begin = [], exchanges.begin

    def begin(place, kind):
        made.append(real_begin(place, kind))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exchanges, "begin", begin)
        try:
            found = finish(nameservers.answer(query, soon(seconds)))
            return sorted(record.address for record in dnsmessage.records(found))
        except OSError as trouble:
            return trouble.errno
        finally:
            assert all(one.fileno() < 0 for one in made), "it is still open"


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (GOOD, ["10.0.0.1"]),
        (answers.failing("NXDOMAIN"), []),
        (answers.right(), []),
        (answers.failing("SERVFAIL"), FAILED),
        (answers.failing("REFUSED"), FAILED),
        (answers.failing("NOTIMP"), FAILED),
        (answers.garbage, FAILED),
        (answers.wrong_question("10.9.9.9"), FAILED),
        (answers.question_back, FAILED),
        (answers.after(answers.wrong_number("10.9.9.9"), GOOD), ["10.0.0.1"]),
        (answers.after(answers.elsewhere("10.9.9.9"), GOOD), ["10.0.0.1"]),
        (answers.after(answers.too_short, GOOD), FAILED),
        (answers.truncated(GOOD), ["10.0.0.1"]),
        (answers.truncated(answers.garbage), FAILED),
        (answers.truncated(answers.wrong_number("10.9.9.9")), FAILED),
        (answers.truncated(answers.raw(b"")), FAILED),
        (answers.truncated(answers.raw(b"\0")), FAILED),
        (answers.truncated(answers.raw(b"\0\0")), FAILED),
        (answers.truncated(answers.raw(b"\xff\xff" + bytes(100))), FAILED),
        (answers.truncated(answers.failing("SERVFAIL")), FAILED),
        (answers.right(*MANY), MANY),
        (answers.truncated(answers.right(*MANY)), MANY),
        (answers.right(*TOO_MANY), FAILED),
        (answers.truncated(answers.right(*TOO_MANY)), FAILED),
    ],
)
def test_answers(server, answer, found):
    server.answers[NAME] = answer
    assert ask() == found
    assert server.asked[0] == NAME


@pytest.mark.parametrize(
    "answer",
    [
        answering.nothing,
        answers.wrong_number("10.9.9.9"),
        answers.elsewhere("10.9.9.9"),
        answers.truncated(answering.nothing),
    ],
)
def test_nothing_that_counts(server, answer):
    server.answers[NAME] = answer
    assert ask(HASTY) in (LATE, FAILED)
    assert server.asked[0] == NAME


def test_a_server_that_is_slow_is_waited_for(server, monkeypatch):
    """It was asked again meanwhile; what it says to the first question counts as well."""
    monkeypatch.setattr(nameservers, "TURN", 0.1)
    server.answers[NAME] = GOOD
    server.hold = 3
    assert ask() == ["10.0.0.1"]
    assert server.asked[:3] == [NAME] * 3
    assert len(set(server.clients)) == 1, "it is the same question"


def test_a_question_that_was_lost_is_repeated(server, monkeypatch):
    monkeypatch.setattr(nameservers, "TURN", 0.1)
    server.answers[NAME] = answers.second_time(GOOD)
    assert ask() == ["10.0.0.1"]


def test_nobody_may_go_on_guessing(server):
    def guesses(question):
        return answers.wrong_number("10.9.9.9")(question) * (nameservers.MOST_STRAYS + 1)

    server.answers[NAME] = answers.after(guesses, GOOD)
    assert ask() == FAILED


def test_a_port_where_nobody_is_costs_no_time(monkeypatch):
    monkeypatch.setenv("DNSCACHEIP", "127.0.0.1")
    monkeypatch.setattr(nameservers, "TURN", FOREVER)
    with unreachable.closed() as port:
        monkeypatch.setattr(nameservers, "PORT", port)
        assert ask() == FAILED


@pytest.fixture
def second(server, monkeypatch):
    """Another server, to be asked after the first."""
    with answering.servers("127.0.0.2", server.port) as second:
        second.answers[NAME] = answers.right("10.0.0.2")
        monkeypatch.setenv("DNSCACHEIP", "127.0.0.1.127.0.0.2")
        yield second


@pytest.mark.parametrize(
    "answer",
    [
        answers.failing("SERVFAIL"),
        answers.garbage,
        answers.wrong_question("10.9.9.9"),
        answers.truncated(answers.raw(b"")),
    ],
)
def test_after_a_server_that_fails_the_next_is_asked(server, second, answer):
    server.answers[NAME] = answer
    assert ask() == ["10.0.0.2"]


def test_after_a_server_that_is_silent_the_next_is_asked(server, second, monkeypatch):
    monkeypatch.setattr(nameservers, "TURN", 0.1)
    server.answers[NAME] = answering.nothing
    assert ask() == ["10.0.0.2"]


def test_a_tcp_server_that_is_silent_has_its_turn_and_no_more(server, second, monkeypatch):
    monkeypatch.setattr(nameservers, "TURN", 0.1)
    server.answers[NAME] = answers.truncated(answering.nothing)
    assert ask() == ["10.0.0.2"]
    assert server.asked == [NAME, f"{NAME} TCP"]


def test_a_server_that_does_not_know_is_believed(server, second):
    assert ask() == []
    assert second.asked == []


def test_who_answered_last_is_asked_first(server, second, monkeypatch):
    monkeypatch.setattr(nameservers, "TURN", 0.1)
    server.answers[NAME] = answering.nothing
    assert [ask(), ask(), ask()] == [["10.0.0.2"]] * 3
    assert server.asked == [NAME]


@pytest.mark.parametrize("zone", ["no-such-interface", "9999", "99999999999", "x" * 99, "\0"])
def test_no_server_can_be_reached(monkeypatch, tmp_path, zone):
    path = tmp_path / "resolv.conf"
    path.write_text(f"nameserver fe80::1%{zone}\n")
    monkeypatch.setattr(dnsconfig, "RESOLV_CONF", str(path).encode())
    monkeypatch.delenv("DNSCACHEIP", raising=False)
    assert ask() == FAILED


class Dropping(socket.socket):
    """A socket whose first datagram is gone when it is to be read: its checksum was wrong."""

    dropped = False

    def recv(self, size):
        if not self.dropped:
            self.dropped = True
            raise BlockingIOError
        return super().recv(size)


def test_a_datagram_with_a_wrong_checksum(server, monkeypatch):
    def begin(place, kind):
        return Dropping(socket.AF_INET, kind | socket.SOCK_NONBLOCK)

    monkeypatch.setattr(exchanges, "begin", begin)
    server.answers[NAME] = GOOD
    assert ask() == ["10.0.0.1"]


def test_without_descriptors(server, monkeypatch):
    def refuse(place, kind):
        raise OSError(errno.EMFILE, "too many")

    monkeypatch.setattr(exchanges, "begin", refuse)
    assert ask() == FAILED


def test_where_a_server_is():
    assert nameservers.place(b"10.0.0.1") == End(bytes([10, 0, 0, 1]), 53)
    assert nameservers.place(b"::1") == End(bytes(15) + b"\1", 53)
    link_local = b"\xfe\x80" + bytes(13) + b"\1"
    lo = sockets.interface_index("lo")
    assert nameservers.place(b"fe80::1%lo") == End(link_local, 53, lo)
    assert nameservers.place(b"fe80::1%7") == End(link_local, 53, 7)


def test_a_server_with_an_ipv6_address(monkeypatch):
    with answering.servers("::1") as server:
        server.answers[NAME] = answers.truncated(GOOD)
        monkeypatch.setattr(nameservers, "PORT", server.port)
        monkeypatch.setenv("DNSCACHEIP", "::1")
        assert ask() == ["10.0.0.1"]


def test_nobody_can_guess_a_question(server):
    seen = set()

    def note(question):
        seen.add(question.query.id)
        return GOOD(question)

    server.answers[NAME] = note
    for _ in range(8):
        ask()
    assert len(seen) > 1, "once in 2 ** 112"
    assert len(set(server.clients)) > 1, "the kernel chooses the ports at random"


SEVERAL = st.lists(st.binary(max_size=60), max_size=5)


@given(datagrams=SEVERAL, numbered=SEVERAL, stream=st.binary(max_size=60))
def test_whatever_a_server_says(datagrams, numbered, stream):
    """It ends, with an answer or with trouble, and leaves nothing open."""

    def say(question):
        number = question.query.to_wire()[:2]
        if question.over_tcp:
            return [Raw(stream)]
        return [*datagrams, *(number + b"\x80" + rest for rest in numbered), number]

    with pytest.MonkeyPatch.context() as patch, answering.servers() as server:
        patch.setattr(nameservers, "PORT", server.port)
        patch.setenv("DNSCACHEIP", "127.0.0.1")
        server.answers[NAME] = say
        heard = ask()
    assert isinstance(heard, list) or heard in (FAILED, LATE, errno.EPROTO)
