from __future__ import annotations

import os

import pytest

from supervise.drivers import localnames, resolver
from supervise.drivers.localnames import LocalNames

FOUR, SIX = bytes([127, 0, 0, 1]), bytes(15) + b"\1"


@pytest.fixture
def asked(monkeypatch):
    """Who is asked for; the answers are names, None or trouble."""
    asked, answers = [], {FOUR: b"four.example", SIX: None}

    def look_up(ip):
        asked.append(ip)
        if ip not in answers:
            raise TimeoutError
        return answers[ip]

    monkeypatch.setattr(resolver, "name_of", look_up)
    return asked


@pytest.fixture
def names():
    names = LocalNames()
    yield names
    os.close(names.reading)
    os.close(names.writing)


@pytest.mark.parametrize(("ip", "name"), [(FOUR, b"four.example"), (SIX, None)])
def test_a_name_is_looked_up_once(names, asked, ip, name):
    assert names.name_of(ip) == name
    names.learn()
    assert names.name_of(ip) == name
    assert asked == [ip]


def test_until_the_parent_knows_every_child_looks_it_up(names, asked):
    assert [names.name_of(FOUR), names.name_of(FOUR)] == [b"four.example"] * 2
    assert asked == [FOUR, FOUR]
    names.learn()
    assert list(names.names) == [FOUR]


def test_trouble_is_not_remembered(names, asked):
    unknown = bytes(4)
    assert names.name_of(unknown) is None
    names.learn()
    assert names.name_of(unknown) is None
    assert asked == [unknown, unknown]


def test_a_name_is_not_remembered_for_ever(names, asked, monkeypatch):
    monkeypatch.setattr(localnames, "KEPT", -1.0)
    names.name_of(FOUR)
    names.learn()
    assert names.name_of(FOUR) == b"four.example"
    assert asked == [FOUR, FOUR]


def test_what_is_remembered_has_a_limit(names):
    for number in range(3 * localnames.MOST):
        names.tell(b"10.0.0.%d" % number, b"name")
        names.learn()
    assert len(names.names) <= localnames.MOST


def test_a_pipe_that_is_full_or_garbled_is_no_trouble(names, asked):
    names.tell(b"no-address", b"name")
    for _ in range(10000):
        names.tell(b"127.0.0.1", b"four.example")
    names.learn()
    assert list(names.names) == [FOUR]
