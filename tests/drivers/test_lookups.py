from __future__ import annotations

import os
import time

import pytest

from supervise.drivers import identity, lookups, nameservers, resolver
from supervise.drivers.localnames import LocalNames
from supervise.drivers.lookups import Settings
from supervise.unix.sockets import End
from tests.support import answering, answers
from tests.support.patience import PATIENCE

LOCAL, REMOTE = End(b"\x7f\0\0\5", 25), End(b"\x7f\0\0\1", 5000)
NEAR, FAR = "5.0.0.127.in-addr.arpa. PTR", "1.0.0.127.in-addr.arpa. PTR"
CONFIRMATION = "far.test. A"
SHORT = PATIENCE / 7  # to wait for what does not come


@pytest.fixture
def server(monkeypatch):
    """All that can be asked has an answer."""
    with answering.servers() as server:
        monkeypatch.setattr(nameservers, "PORT", server.port)
        monkeypatch.setattr(identity, "PORT", server.ident_port)
        monkeypatch.setattr(lookups, "PATIENCE", PATIENCE)
        monkeypatch.setattr(nameservers, "TURN", PATIENCE)
        monkeypatch.setenv("DNSCACHEIP", "127.0.0.1")
        server.answers[NEAR] = answers.right("Near.test.")
        server.answers[FAR] = answers.right("Far.test.")
        server.answers[CONFIRMATION] = answers.right("127.0.0.1")
        server.user = b"5000,25:USERID:UNIX:joe\r\n"
        yield server


def find_out(**changes):
    """The two names and the user."""
    wanted = Settings()
    vars(wanted).update({"patience": PATIENCE} | changes)
    found = lookups.find_out(wanted, LOCAL, REMOTE)
    assert found == (
        found.local_host, b"127.0.0.5", 25, found.remote_host, b"127.0.0.1", found.remote_info, 5000
    )  # fmt: skip
    return found.local_host, found.remote_host, found.remote_info


LEAN = {"local_name": b"0", "remote_names": False, "identify": False}


@pytest.mark.parametrize(
    ("changes", "asked", "found"),
    [
        (LEAN, [], (b"0", None, None)),
        (LEAN | {"paranoid": True}, [], (b"0", None, None)),
        (LEAN | {"local_name": None}, [NEAR], (b"near.test", None, None)),
        (LEAN | {"remote_names": True}, [FAR], (b"0", b"far.test", None)),
        (
            LEAN | {"remote_names": True, "paranoid": True},
            [FAR, CONFIRMATION],
            (b"0", b"far.test", None),
        ),
        (LEAN | {"identify": True}, ["ident"], (b"0", None, b"joe")),
    ],
)
def test_only_what_is_wanted_is_asked(server, changes, asked, found):
    assert find_out(**changes) == found
    assert server.asked == asked


def test_everything_is_asked_before_anything_is_answered(server):
    """Nobody answers before all have been asked: one after the other would never end."""
    server.hold = 3
    assert find_out() == (b"near.test", b"far.test", b"joe")
    assert sorted(server.asked) == [FAR, NEAR, "ident"]


def test_the_confirmation_does_not_wait_for_the_others(server):
    server.answers[NEAR] = answering.nothing

    def confirm(question):
        server.answers[NEAR] = answers.right("near.test.")
        return answers.right("127.0.0.1")(question)

    server.answers[CONFIRMATION] = confirm
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nameservers, "TURN", 0.1)
        assert find_out(paranoid=True) == (b"near.test", b"far.test", b"joe")


@pytest.mark.parametrize(
    ("confirmation", "name"),
    [
        (answers.right("127.0.0.1"), b"far.test"),
        (answers.right("10.0.0.1", "127.0.0.1"), b"far.test"),
        (answers.right("10.0.0.1"), None),
        (answers.right(), None),
        (answers.failing("NXDOMAIN"), None),
        (answers.failing("SERVFAIL"), None),
        (answers.other_owner("127.0.0.1"), None),
        (answers.loop, None),
        (answers.aliases("other.test.", texts=("127.0.0.1",)), b"far.test"),
    ],
)
def test_a_name_has_to_be_confirmed(server, confirmation, name):
    server.answers[CONFIRMATION] = confirmation
    assert find_out(paranoid=True) == (b"near.test", name, b"joe")


@pytest.mark.parametrize(
    "silent",
    [[FAR], [NEAR, CONFIRMATION, "ident"], [NEAR, FAR, "ident"]],
)
def test_what_is_silent_is_not_there_and_costs_one_bound(server, monkeypatch, silent):
    """However many are silent: the deadlines are those of the beginning."""
    deadlines = []

    def note(conversation):
        async def ask(*words):
            deadlines.append(words[-1])
            return await conversation(*words)

        return ask

    monkeypatch.setattr(nameservers, "answer", note(nameservers.answer))
    monkeypatch.setattr(identity, "ask", note(identity.ask))
    monkeypatch.setattr(lookups, "PATIENCE", SHORT)
    for name in silent:
        server.answers[name] = answering.nothing
    server.user = None if "ident" in silent else server.user
    before = time.monotonic()
    found = find_out(paranoid=True, patience=SHORT)
    assert found == (
        None if NEAR in silent else b"near.test",
        None if {FAR, CONFIRMATION} & {*silent} else b"far.test",
        None if "ident" in silent else b"joe",
    )
    assert len(deadlines) == (3 if FAR in silent else 4)
    (deadline,) = set(deadlines)
    assert before + SHORT <= deadline <= time.monotonic()


def test_the_user_may_have_more_time(server, monkeypatch):
    monkeypatch.setattr(lookups, "PATIENCE", 0)
    assert find_out(paranoid=True) == (None, None, b"joe")


def test_the_user_may_have_less_time(server):
    assert find_out(patience=0) == (b"near.test", b"far.test", None)


@pytest.mark.parametrize("no_name", [None, b""])
def test_no_name_is_none_or_an_empty_one(server, no_name):
    server.answers.clear()
    assert find_out(no_name=no_name) == (no_name, no_name, b"joe")


def test_trouble_is_never_an_empty_name(server):
    server.answers[NEAR] = server.answers[FAR] = answers.failing("SERVFAIL")
    assert find_out(no_name=b"") == (None, None, b"joe")


def test_our_own_name_may_be_known_already(server):
    names = LocalNames()
    names.tell(b"127.0.0.5", 600, b"known.test")
    names.learn()
    assert find_out(local_names=names) == (b"known.test", b"far.test", b"joe")
    assert NEAR not in server.asked
    os.close(names.reading)
    os.close(names.writing)


def test_trouble_that_nobody_expects_is_not_hidden(monkeypatch):
    async def fail(ip, until):
        raise MemoryError

    monkeypatch.setattr(resolver, "name_of", fail)
    with pytest.raises(MemoryError):
        find_out(identify=False)


def test_what_is_known_without_a_question(server):
    eager = Settings()
    eager.local_name = b"near"
    found = lookups.unasked(eager, LOCAL, REMOTE)
    assert found == (b"near", b"127.0.0.5", 25, None, b"127.0.0.1", None, 5000)
    assert server.asked == []
