from __future__ import annotations

import os
import signal
import socket

import pytest

from supervise import errors
from supervise.drivers import connection, lookups
from supervise.drivers.connection import QUIET, TELLING, Settings
from supervise.drivers.conntable import ConnTable
from supervise.formats.connrow import ACCEPTED, SERVED
from supervise.unix.sockets import End
from tests.support.networks import reset
from tests.support.patience import PATIENCE


@pytest.fixture
def pair():
    """The two ends of a connection, ours and the client's, and the client's port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname(), PATIENCE)
        ours, _ = listening.accept()
    with ours, client:
        yield ours, client, client.getsockname()[1]


@pytest.fixture
def table():
    table = ConnTable(1)
    yield table
    os.close(table.lock)


@pytest.fixture
def serve(pair, table, monkeypatch):
    """Serve the client here, without a fork; answers the exit code and the environment."""
    monkeypatch.setattr(connection.Child, "to_standard", lambda child: None)
    before = signal.getsignal(signal.SIGPIPE)

    def call(become=None, **changes):
        settings = Settings()
        lean = {"local_name": b"0", "remote_names": False, "identify": False}
        for name, value in (lean | changes).items():
            setattr(settings, name, value)
        peer, seen = End(b"\x7f\0\0\1", pair[2]), []

        def note(words, environment):
            seen.append((words, environment))
            return 7

        place = table.take(peer.ip, 0)
        table.give(place, 1)
        code = connection.serve(settings, ["program", "word"], pair[0], peer, place, become or note)
        return code, *(seen[0] if seen else ())

    yield call
    signal.signal(signal.SIGPIPE, before)


def test_the_program_is_called_with_its_words_and_environment(serve, pair, monkeypatch):
    monkeypatch.setenv("TCPREMOTEINFO", "old")
    code, words, environment = serve(banner=b"hi")
    assert (code, words) == (7, ["program", "word"])
    assert environment[b"TCPREMOTEPORT"] == b"%d" % pair[2]
    assert b"TCPREMOTEINFO" not in environment
    assert pair[1].recv(100) == b"hi"


def test_an_entry_without_a_name_is_not_inherited(serve, monkeypatch):
    monkeypatch.setattr(os, "environb", {b"": b"x=y", b"KEPT": b"1"})
    _, _, environment = serve()
    assert environment[b"KEPT"] == b"1"
    assert b"" not in environment


@pytest.mark.parametrize("verbosity", [QUIET, TELLING])
def test_a_client_that_is_gone_before_the_banner(serve, pair, capfd, verbosity):
    reset(pair[1])
    assert serve(banner=b"hi", verbosity=verbosity) == (errors.TEMPORARY,)
    said = capfd.readouterr().err.splitlines()
    if verbosity == QUIET:
        assert said == []
    else:
        assert said[0].startswith("tcpserver: pid ")
        words = "tcpserver: warning: dropping connection, unable to print banner: connection reset"
        assert said[1:] == [words]


def test_no_memory(serve, capfd):
    def become(words, environment):
        raise MemoryError

    assert serve(become) == (errors.TEMPORARY,)
    said = capfd.readouterr().err
    assert said == "tcpserver: warning: dropping connection, out of memory\n"


def test_a_program_that_cannot_be_run(serve, capfd):
    def become(words, environment):
        raise PermissionError(13, "no")

    assert serve(become) == (errors.TEMPORARY,)
    said = "tcpserver: warning: dropping connection, unable to run program: access denied\n"
    assert capfd.readouterr().err == said


def test_a_lost_client_is_an_error_and_no_signal(serve):
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    serve(lambda words, environment: 0)
    assert signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN


def stage(table):
    return dict(table.connections())[1].stage


def test_who_is_served_is_counted_with_name_and_all(serve, table, monkeypatch):
    def find_out(settings, local, remote):
        found = lookups.unasked(settings, local, remote)
        return found._replace(remote_host=b"far.example")

    monkeypatch.setattr(lookups, "find_out", find_out)
    serve()
    ((_, row),) = table.connections()
    assert (row.stage, row.ip, row.name) == (SERVED, b"\x7f\0\0\1", b"far.example")


def test_who_is_denied_by_the_rules_is_not_counted(serve, table, monkeypatch):
    monkeypatch.setattr(connection.Child, "judge", lambda child, facts: (True, []))
    assert serve() == (errors.PERMANENT,)
    assert stage(table) == ACCEPTED
