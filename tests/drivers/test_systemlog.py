from __future__ import annotations

import re
import socket

import pytest

from supervise.drivers import systemlog
from supervise.drivers.systemlog import SystemLog
from supervise.formats.syslog import INFO
from supervise.machines.syslogentries import Entry
from tests.support.patience import PATIENCE

RECORD = re.compile(rb"<(\d+)>[A-Z][a-z]{2} [ 1-3]\d \d\d:\d\d:\d\d (.*)\Z", re.DOTALL)


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(systemlog, "PATH", str(tmp_path / "log"))
    return tmp_path / "log"


@pytest.fixture
def daemon(path):
    """Make sockets there which take what is logged."""
    made = []

    def begin():
        path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        made.append(listening)
        listening.settimeout(PATIENCE)
        listening.bind(str(path))
        return listening

    yield begin
    for listening in made:
        listening.close()


@pytest.fixture
def log():
    log = SystemLog("splogger", b"tag", 2)
    yield log
    log.close()


def put(log, *texts):
    for text in texts:
        log.put(Entry(INFO, text))


def taken(listening):
    priority, text = RECORD.match(listening.recv(4096)).groups()
    return int(priority), text


def test_an_entry_is_one_datagram(daemon, log):
    listening = daemon()
    put(log, b"one", b"two")
    assert [taken(listening), taken(listening)] == [(22, b"tag: one"), (22, b"tag: two")]
    assert log.lost == 0


def test_the_log_is_opened_again_when_its_daemon_is_another(daemon, log, capfd):
    put(log)
    first = daemon()
    put(log, b"one")
    first.close()
    second = daemon()
    put(log, b"two")
    assert taken(second) == (22, b"tag: two")
    assert log.lost == 0
    assert capfd.readouterr().err == ""


def test_what_is_lost_is_told_of_once_and_counted(daemon, log, path, capfd):
    put(log, b"one", b"two")
    assert log.lost == 2
    warning = f"splogger: warning: unable to write to {path}, entries are lost: "
    assert capfd.readouterr().err == warning + "file does not exist\n"
    listening = daemon()
    put(log, b"three")
    assert taken(listening) == (20, b"tag: warning: 2 entries lost")
    assert taken(listening) == (22, b"tag: three")
    assert log.lost == 0
    listening.close()
    put(log, b"four")
    assert capfd.readouterr().err == warning + "connection refused\n"
    assert log.lost == 1


def test_nothing_stays_open_after_a_refusal(path, log, monkeypatch):
    path.touch()
    closed = []
    close = socket.socket.close
    monkeypatch.setattr(socket.socket, "close", lambda one: (closed.append(one), close(one)))
    put(log, b"one", b"two")
    assert len(closed) == 2
    assert log.socket is None
