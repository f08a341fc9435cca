"""The how-to's mail service while its processes are killed, one by one.

After each of these it goes on, as after an attack (test_bad_input); a client is told 250 for what
is in new/ and for nothing else.
"""

from __future__ import annotations

import os
import signal
import socket

import pytest

from tests.support import howto, processes, trees
from tests.support.howto import ELSEWHERE, LOCAL, HowTo, rejections
from tests.support.patience import PATIENCE, eventually


def running(server: HowTo, title: str) -> int | None:
    """The pid of a process of the service, by the beginning of its title."""
    assert server.svscan is not None
    found = processes.descendants(server.svscan.pid)
    return next((pid for pid in found if processes.title(pid).startswith(title)), None)


def kill(server: HowTo, title: str) -> int:
    pid = eventually(lambda: running(server, title), title)
    trees.kill(pid)
    return pid


def again(server: HowTo, title: str, old: int) -> int:
    """Wait until there is such a process again; its pid."""

    def found() -> int | None:
        pid = running(server, title)
        return pid if pid != old else None

    pid = eventually(found, title)
    assert pid is not None
    return pid


class Sender:
    """A client in the middle of a message."""

    def __init__(self, server: HowTo) -> None:
        self.client = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
        self.lines = self.client.makefile("rb")
        self.client.sendall(b"MAIL FROM:<s@x>\r\nRCPT TO:<r@ours.example>\r\nDATA\r\n")
        assert [self.lines.readline()[:3] for _ in range(4)] == [b"220", b"250", b"250", b"354"]
        self.client.sendall(b"beginning\r\n" * 10_000)

    def end(self) -> bytes:
        """End the message; the reply."""
        self.client.sendall(b"end of message\r\n.\r\n")
        reply = self.lines.readline()
        self.close()
        return reply

    def close(self) -> None:
        self.lines.close()
        self.client.close()


def test_a_queue_that_is_killed(server):
    sender = Sender(server)
    kill(server, "qmail-queue")
    assert sender.end() == b"451 qq crashed (#4.3.0)\r\n"
    assert server.mail() == []
    for path in server.home.files("tmp"):
        path.unlink()  # that may have stayed
    howto.is_well(server)


@pytest.mark.parametrize("title", ["qmail-smtpd", "recordio"])
def test_a_session_that_is_killed(server, title):
    sender = Sender(server)
    kill(server, title)
    try:
        assert sender.end() == b""
    except ConnectionResetError:
        sender.close()
    howto.is_well(server)
    assert len(server.mail()) == 1


def test_a_tcpserver_that_is_killed_leaves_its_sessions_alone(server):
    sender = Sender(server)
    old = kill(server, "tcpserver")
    again(server, "tcpserver", old)
    assert sender.end().startswith(b"250 ok ")
    eventually(lambda: server.log().count(b"status: 0/40") == 2)
    howto.is_well(server)
    assert len(server.mail()) == 2


@pytest.mark.timeout(60)
def test_a_supervise_that_is_killed_leaves_its_service_to_the_next(server):
    old = eventually(lambda: running(server, "tcpserver"))
    sender = Sender(server)
    again(server, "supervise smtpd", kill(server, "supervise smtpd"))
    assert sender.end().startswith(b"250 ok ")
    assert server.send(LOCAL, "meanwhile") == 250
    assert running(server, "tcpserver") == old
    howto.is_well(server)
    assert len(server.mail()) == 3


def test_a_multilog_that_is_killed_loses_nothing_that_it_had_not_read(server):
    """svscan holds the pipe, so that what is in it waits for the next multilog."""
    for killed in range(1, 4):
        old = eventually(lambda: running(server, "multilog"))
        os.kill(old, signal.SIGSTOP)
        for number in range(5):
            assert server.send(ELSEWHERE, f"{killed} {number}") == 553
        kill(server, "multilog")
        again(server, "multilog", old)
        eventually(lambda n=killed: rejections(server.whole_log()) == [b"553"] * 5 * n)
    howto.is_well(server)


def test_a_log_supervise_that_is_killed(server):
    old = eventually(lambda: running(server, "multilog"))
    again(server, "supervise smtpd/log", kill(server, "supervise smtpd/log"))
    assert server.send(ELSEWHERE, "to the old one") == 553
    eventually(lambda: rejections(server.whole_log()) == [b"553"])
    trees.kill(old)
    assert server.send(ELSEWHERE, "to the new one") == 553
    howto.is_well(server)
    assert rejections(server.whole_log()) == [b"553"] * 2
