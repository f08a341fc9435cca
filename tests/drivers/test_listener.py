from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import time

import pytest

from supervise import errors
from supervise.drivers import listener, listeningsocket
from supervise.drivers.connection import TELLING, WARNING, Settings
from supervise.drivers.limitfiles import Limits
from supervise.machines.couples import Couples
from supervise.unix import processes, signals
from supervise.unix.sockets import End
from tests.support.forks import signal_sets
from tests.support.patience import PATIENCE, eventually
from tests.support.processes import state

HERE = End(b"\x7f\0\0\1", 0)
TAKEN = [signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1]


@pytest.fixture
def served(capfd):
    """A listener that serves in a fork, the clients' way to it, and what it says."""
    with listeningsocket.listen(HERE, 0, 5) as listening:
        settings = Settings()
        settings.verbosity = TELLING
        settings.limits = Limits(b"2")
        handlers = [signal.getsignal(number) for number in TAKEN]
        server = listener.Listener(settings, listening, lambda connection, peer, place: 0)
        yield (
            server,
            listeningsocket.port_of(listening),
            lambda: capfd.readouterr().err.splitlines(),
        )
        signals.reset()
        for number, handler in zip(TAKEN, handlers, strict=True):
            signal.signal(number, handler)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def test_clients_are_accepted_one_at_a_time(served):
    server, port, said = served
    clients = [socket.create_connection(("127.0.0.1", port), PATIENCE) for _ in range(2)]
    server.accept()
    assert said() == ["tcpserver: status: 1/2"]
    os.waitpid(-1, 0)
    for client in clients:
        client.close()


def test_who_has_ended_is_not_counted_when_the_next_one_comes(served):
    server, port, said = served
    clients = [socket.create_connection(("127.0.0.1", port), PATIENCE) for _ in range(2)]
    server.accept()
    (first,) = server.table.of_children
    eventually(lambda: state(first) == "Z")
    server.accept()
    assert said() == [
        "tcpserver: status: 1/2",
        f"tcpserver: end {first} status 0",
        "tcpserver: status: 0/2",
        "tcpserver: status: 1/2",
    ]
    assert server.table.used == 1
    os.waitpid(-1, 0)
    for client in clients:
        client.close()


def test_a_child_from_before_frees_nobodys_place(served):
    server, _, said = served
    server.slots.take()
    stranger = processes.fork(lambda: 3)
    eventually(lambda: state(stranger) == "Z")
    server.reap()
    assert said() == [f"tcpserver: end {stranger} status 768", "tcpserver: status: 1/2"]


class Keyholder:
    """TLS whose relays report, and that is asked to read its certificate again."""

    def __init__(self, trouble=False):
        self.trouble = trouble
        self.asked = 0
        self.pid = 0
        self.couples = Couples()

    def learn(self):
        return [relay for relay in [*self.couples.alone] if self.couples.relay_ended(relay)]

    def renew(self):
        self.asked += 1
        if self.trouble:
            raise BlockingIOError(errno.EAGAIN, "many ask")


@pytest.mark.parametrize("trouble", [False, True])
def test_the_certificate_is_read_again(served, trouble):
    server, _, said = served
    server.tls = Keyholder(trouble)
    server.heed({signal.SIGHUP})
    assert server.tls.asked == 1
    warned = "tcpserver: warning: going on with the old certificate: temporary failure"
    assert said() == [warned] * trouble
    server.tls = None


def test_a_relay_that_outlives_its_program_still_counts(served):
    server, port, said = served
    with socket.create_connection(("127.0.0.1", port), PATIENCE):
        server.accept()
    (child,) = server.table.of_children
    server.tls = Keyholder()
    server.tls.couples.join(child, 4711)
    eventually(lambda: state(child) == "Z")
    server.reap()
    assert (list(server.table.of_children), server.slots.count) == ([4711], 1)
    server.end_children()  # among whom it is not
    server.hear_of_relays(server.tls)
    assert (list(server.table.of_children), server.slots.count) == ([], 0)
    assert said() == [
        "tcpserver: status: 1/2", f"tcpserver: end {child} status 0", "tcpserver: status: 0/2",
    ]  # fmt: skip
    server.tls = None


@pytest.fixture
def left(served):
    """A server that ends with grace; its keyholder, which has ended; and what it says."""
    server, _, said = served
    keyholder = server.tls = Keyholder()
    keyholder.reports, writing = os.pipe()
    os.close(writing)
    server.waiter.add(keyholder.reports)
    server.grace.begin(0)
    keyholder.pid = processes.fork(lambda: 0)
    eventually(lambda: state(keyholder.pid) == "Z")
    yield server, keyholder, said
    server.tls = None
    os.close(keyholder.reports)


def test_the_end_of_the_process_with_the_key_is_no_news_in_the_end(left):
    server, keyholder, said = left
    assert keyholder.reports in server.waiter.wait(0)
    server.reap()
    assert keyholder.reports not in server.waiter.wait(0)
    assert said() == []


def test_relays_of_whose_end_nobody_would_tell_are_not_waited_for(left):
    server, keyholder, said = left
    place = server.table.take(bytes(4), 0)
    server.table.give(place, 4711)
    server.slots.take()
    keyholder.couples.alone.add(4711)
    keyholder.learn = list
    server.reap()
    assert (list(server.table.of_children), server.slots.count) == ([], 0)
    assert said() == ["tcpserver: status: 0/2"]


def test_who_tells_cannot_be_made(served, monkeypatch):
    server, _, said = served

    def no_more(child):
        raise OSError(errno.EAGAIN, "no more")

    monkeypatch.setattr(processes, "fork", no_more)
    server.heed({signal.SIGUSR1})
    assert said() == ["tcpserver: warning: unable to fork: temporary failure"]


def test_who_tells_is_no_connection(served):
    server, _, said = served
    server.slots.take()
    server.heed({signal.SIGUSR1})
    eventually(lambda: state(server.reporter) == "Z")
    server.reap()
    assert (said(), server.reporter) == (["tcpserver: status: 1/2"], None)


def test_a_child_that_cannot_be_made(served, monkeypatch):
    server, port, said = served

    def no_more(child):
        raise OSError(errno.EAGAIN, "no more")

    monkeypatch.setattr(processes, "fork", no_more)
    clients = [socket.create_connection(("127.0.0.1", port), PATIENCE) for _ in range(3)]
    server.accept()
    assert server.slots.open(time.monotonic())
    server.accept()
    once = [
        "tcpserver: status: 1/2",
        "tcpserver: warning: dropping connection, unable to fork: temporary failure",
        "tcpserver: status: 0/2",
    ]
    assert (said(), server.slots.open(time.monotonic())) == (once * 2, False)  # now a pause
    assert [client.recv(1) for client in clients[:2]] == [b"", b""]
    assert (server.table.used, len(server.table.free)) == (1, 1)
    assert server.slots.deadline is not None
    for client in clients:
        client.close()


class Refusing:
    """A listening socket whose accept fails."""

    def __init__(self, *numbers):
        self.numbers = list(numbers)

    def accept(self):
        number = self.numbers.pop(0)
        raise OSError(number, os.strerror(number))


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_accept_that_fails_is_not_repeated_at_once(served, number):
    server, _, said = served
    server.listening = Refusing(number, number)
    server.accept()
    assert not server.slots.open(time.monotonic())
    reason = errors.REASONS[number]
    assert said() == [f"tcpserver: warning: unable to accept: {reason}"]
    server.accept()
    assert (server.listening.numbers, said()) == ([], [])


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ECONNABORTED])
def test_a_client_that_went_away_is_no_news(served, number):
    server, _, said = served
    server.listening = Refusing(number)
    server.accept()
    assert (said(), server.slots.open(0)) == ([], True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_address_is_free_at_once_though_a_child_still_holds_the_socket(number):
    """As one does that was forked a moment before the signal."""
    with listeningsocket.listen(HERE, 0, 5) as listening:
        place = HERE, listeningsocket.port_of(listening), 5
        server = processes.fork(lambda: serving(listening))
        eventually(lambda: {signal.SIGCHLD, number} <= signal_sets(server)["SigCgt"])
        eventually(lambda: not signal_sets(server)["SigBlk"])
        os.kill(server, number)
        _, status = os.waitpid(server, 0)
        assert status == (0 if number == signal.SIGTERM else number)
        listeningsocket.listen(*place).close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_log_that_nobody_reads_does_not_keep_it_from_ending(number):
    reading, writing = os.pipe()

    def child():
        os.dup2(writing, 2)
        return serving(listening, TELLING)

    with listeningsocket.listen(HERE, 0, 5) as listening:
        fill(writing)
        server = processes.fork(child)
        eventually(lambda: number in signal_sets(server)["SigCgt"] and state(server) == "S")
        os.kill(server, number)
        _, status = os.waitpid(server, 0)
    os.close(reading)
    os.close(writing)
    assert status == (0 if number == signal.SIGTERM else number)


def test_a_log_that_nobody_reads_does_not_prolong_the_grace():
    """A child is told to end then, but not a number that was a child's."""
    (reading, writing), (hearing, telling) = os.pipe(), os.pipe()
    settings = Settings()
    settings.verbosity, settings.grace = TELLING, 0

    def child():
        os.dup2(writing, 2)
        server = listener.Listener(settings, listening, lambda connection, peer, place: 0)
        ended, waiting = processes.fork(lambda: 0), processes.fork(wait)
        os.waitpid(ended, 0)
        for pid in (ended, waiting):
            server.table.give(server.table.take(bytes(4), 0), pid)
        fill(writing)
        os.write(telling, b"%d" % waiting)
        return server.run()

    with listeningsocket.listen(HERE, 0, 5) as listening:
        server = processes.fork(child)
        waiting = int(os.read(hearing, 10))
        eventually(lambda: state(server) == "S")
        os.kill(server, signal.SIGTERM)
        eventually(lambda: state(server) == "Z")
        _, status = os.waitpid(server, 0)
    for descriptor in (reading, writing, hearing, telling):
        os.close(descriptor)
    assert status == 0
    eventually(lambda: state(waiting) in ("Z", "gone"))


def wait():
    signal.pause()
    return 0


def fill(pipe):
    """Write all that a pipe holds."""
    os.set_blocking(pipe, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(pipe, b"x" * 4096)
    os.set_blocking(pipe, True)


def serving(listening, verbosity=WARNING):
    settings = Settings()
    settings.verbosity = verbosity
    return listener.Listener(settings, listening, lambda connection, peer, place: 0).run()
