from __future__ import annotations

import os

import pytest

from supervise.drivers.conntable import ConnTable
from supervise.drivers.turnstile import TurnedAway, Turnstile
from supervise.errors import Failure
from supervise.formats.connlimits import PerAddress
from supervise.formats.connrow import ACCEPTED, ARRIVED, SERVED
from supervise.machines.admission import Refusal

ONE = bytes([192, 0, 2, 1])


@pytest.fixture
def table():
    table = ConnTable(20)
    yield table
    os.close(table.lock)


@pytest.fixture
def come(table):
    """Clients of one address come as far as they may; answers their turnstiles."""

    def call(number, per_address=None, **variables):
        turnstiles = []
        for _ in range(number):
            turnstiles.append(Turnstile(table.take(ONE, 0), per_address))
            assert turnstiles[-1].arrive(ONE) is None
            assert serve(turnstiles[-1], **variables) is None
        return turnstiles

    return call


def serve(turnstile, name=None, **variables):
    values = {name.encode(): value for name, value in variables.items()}
    return turnstile.serve(ONE, name, values.get)


def stage(table, turnstile):
    table.give(turnstile.place, 1)
    return dict(table.connections())[1].stage


def test_without_limits_everybody_is_served_and_not_told_how_many(table, come):
    for one in come(3):
        assert (one.concurrency, stage(table, one)) == (None, SERVED)


def test_the_limit_of_an_address_is_at_the_entrance(table, come):
    three = PerAddress(3, b"421 no\r\n")
    assert [one.concurrency for one in come(3, three)] == [1, 2, 3]
    fourth = Turnstile(table.take(ONE, 0), three)
    assert fourth.arrive(ONE) == TurnedAway(Refusal("CONCURRENCY", 4, 3), b"421 no\r\n")
    assert stage(table, fourth) == ACCEPTED


def test_the_limits_of_the_variables_count_those_who_are_served(table, come):
    come(2)
    third = Turnstile(table.take(ONE, 0), None)
    assert third.arrive(ONE) is None
    assert stage(table, third) == ARRIVED
    turned_away = serve(third, MAXCONNIP=b"2", DIEMSG=b"go")
    assert turned_away == TurnedAway(Refusal("MAXCONNIP", 3, 2), b"go\r\n")
    assert stage(table, third) == ACCEPTED
    assert serve(third, MAXCONNIP=b"3", DIEMSG=b"go") is None
    assert third.concurrency == 3


def test_who_left_is_not_counted(table, come):
    first, _ = come(2, PerAddress(2))
    first.leave()
    come(1, PerAddress(2), MAXCONNC=b"2")


@pytest.mark.parametrize(("load", "refusal"), [(3.49, None), (3.5, Refusal("LOAD", 350, 350))])
def test_the_load(monkeypatch, table, load, refusal):
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 99.0, 0.0))
    one = Turnstile(table.take(ONE, 0), None)
    turned_away = serve(one, MAXLOAD=b"350")
    assert turned_away == (refusal and TurnedAway(refusal, b""))


def test_a_load_that_nobody_knows(monkeypatch, table):
    def unknown():
        raise OSError("Load averages are unobtainable")

    monkeypatch.setattr(os, "getloadavg", unknown)
    one = Turnstile(table.take(ONE, 0), None)
    assert serve(one) is None
    with pytest.raises(Failure) as caught:
        serve(one, MAXLOAD=b"350")
    assert caught.value.text == "unable to find out the load: unknown error"
