from __future__ import annotations

import os

import pytest

from supervise.drivers import localnames, resolver
from supervise.drivers.localnames import LocalNames
from tests.support.conversations import finish, soon

FOUR, SIX = bytes([127, 0, 0, 1]), bytes(15) + b"\1"


@pytest.fixture
def asked(monkeypatch):
    """Who is asked for; the answers are names, None or trouble."""
    asked, answers = [], {FOUR: b"four.example", SIX: None}

    async def look_up(ip, until):
        asked.append(ip)
        if ip not in answers:
            raise TimeoutError
        return answers[ip]

    monkeypatch.setattr(resolver, "name_of", look_up)
    return asked


def name_of(names, ip):
    return finish(names.name_of(ip, soon()))


@pytest.fixture
def names():
    names = LocalNames()
    yield names
    os.close(names.reading)
    os.close(names.writing)


@pytest.mark.parametrize(("ip", "name"), [(FOUR, b"four.example"), (SIX, None)])
def test_a_name_is_looked_up_once(names, asked, ip, name):
    assert name_of(names, ip) == name
    names.learn()
    assert name_of(names, ip) == name
    assert asked == [ip]


def test_until_the_parent_knows_every_child_looks_it_up(names, asked):
    assert [name_of(names, FOUR), name_of(names, FOUR)] == [b"four.example"] * 2
    assert asked == [FOUR, FOUR]
    names.learn()
    assert list(names.names) == [FOUR]


def test_trouble_is_remembered_so_that_not_every_client_waits(names, asked):
    unknown = bytes(4)
    assert name_of(names, unknown) is None
    names.learn()
    assert name_of(names, unknown) is None
    assert asked == [unknown]


def test_trouble_is_not_remembered_for_long(names, asked, monkeypatch):
    monkeypatch.setattr(localnames, "KEPT_AFTER_TROUBLE", -1)
    unknown = bytes(4)
    name_of(names, unknown)
    names.learn()
    name_of(names, unknown)
    assert asked == [unknown, unknown]


def test_a_name_is_not_remembered_for_ever(names, asked, monkeypatch):
    monkeypatch.setattr(localnames, "KEPT", -1)
    name_of(names, FOUR)
    names.learn()
    assert name_of(names, FOUR) == b"four.example"
    assert asked == [FOUR, FOUR]


def test_trouble_takes_no_name_away(names, asked):
    unknown = bytes(4)
    names.tell(b"0.0.0.0", -1, b"old.example")
    names.learn()
    assert name_of(names, unknown) == b"old.example"
    names.learn()
    assert name_of(names, unknown) == b"old.example"
    assert asked == [unknown]


def test_what_is_remembered_has_a_limit(names):
    for number in range(3 * localnames.MOST):
        names.tell(b"10.0.0.%d" % number, 600, b"name")
        names.learn()
    assert len(names.names) <= localnames.MOST


def test_a_pipe_that_is_full_or_garbled_is_no_trouble(names, asked):
    names.tell(b"no-address", 600, b"name")
    for _ in range(10000):
        names.tell(b"127.0.0.1", 600, b"four.example")
    names.learn()
    assert list(names.names) == [FOUR]
