"""Fixtures that several drivers' tests share."""

from __future__ import annotations

import errno
import os
import signal

import pytest

from supervise.drivers import nameservers
from supervise.drivers.orders import Orders
from supervise.unix import signals
from tests.support.tcpservers import start_names

TOUCHED = (
    signal.SIGTERM,
    signal.SIGALRM,
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGCHLD,
    *signals.IGNORED_BY_PYTHON,
)


@pytest.fixture
def orders(tmp_path, monkeypatch):
    """Orders whose pauses are short, in a directory of our own; signals as before afterwards."""
    monkeypatch.chdir(tmp_path)
    before = {number: signal.getsignal(number) for number in TOUCHED}
    yield Orders(pause=0.01)
    signals.reset()
    for number, action in before.items():
        signal.signal(number, action)


@pytest.fixture
def failing(monkeypatch):
    """Make a function of os fail so many times; the last failure may bring an order to stop."""

    def fail_first(name: str, times: int, number: int = errno.EIO, stop: bool = False) -> None:
        real, left = getattr(os, name), [times]

        def fail(*arguments: object, **options: object) -> object:
            if left[0] == 0 or (name == "write" and arguments[0] in (1, 2)):
                return real(*arguments, **options)
            left[0] -= 1
            if stop and left[0] == 0:
                os.kill(os.getpid(), signal.SIGTERM)
            raise OSError(number, "made up")

        monkeypatch.setattr(os, name, fail)

    return fail_first


@pytest.fixture
def names(background, monkeypatch):
    """Start the DNS with a table, and look up there."""

    def begin(table):
        server = start_names(background, table)
        monkeypatch.setattr(nameservers, "PORT", server.port)
        monkeypatch.setenv("DNSCACHEIP", "127.0.0.1")
        return server

    return begin
