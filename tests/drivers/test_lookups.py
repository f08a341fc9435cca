from __future__ import annotations

import pytest

from supervise.drivers import identity, lookups, resolver
from supervise.drivers.lookups import Settings
from supervise.formats.tcplog import Connection
from supervise.unix.sockets import End

LOCAL, REMOTE = End(b"\x7f\0\0\5", 25), End(b"\x7f\0\0\1", 5000)


@pytest.fixture
def asked(monkeypatch):
    """Who is asked what; everybody has an answer."""
    asked = []

    def answering(what, answer):
        def ask(*words):
            asked.append(what)
            return answer

        return ask

    monkeypatch.setattr(resolver, "known_name", answering("name", b"far.example"))
    monkeypatch.setattr(resolver, "confirms", answering("confirmation", False))
    monkeypatch.setattr(identity, "ask", answering("user", b"joe"))
    return asked


def settings(**changes):
    wanted = Settings()
    vars(wanted).update({"local_name": b"near", "identify": False, "remote_names": False} | changes)
    return wanted


@pytest.mark.parametrize(
    ("changes", "questions", "name", "user"),
    [
        ({}, [], None, None),
        ({"remote_names": True}, ["name"], b"far.example", None),
        ({"remote_names": True, "paranoid": True}, ["name", "confirmation"], None, None),
        ({"paranoid": True}, [], None, None),
        ({"identify": True}, ["user"], None, b"joe"),
    ],
)
def test_only_what_is_wanted_is_asked(asked, changes, questions, name, user):
    found = lookups.find_out(settings(**changes), LOCAL, REMOTE)
    assert found == Connection(b"near", b"127.0.0.5", 25, name, b"127.0.0.1", user, 5000)
    assert asked == questions
