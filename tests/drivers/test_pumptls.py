from __future__ import annotations

import os
import socket

import pytest

from supervise.drivers import pump, pumptls
from supervise.machines.relay import OUTWARD, Relay
from supervise.unix import descriptors, processes
from tests.support import recordings
from tests.support.forks import in_a_fork
from tests.support.patience import PATIENCE

NAMES = ("SSLCTLFD", "SSLREADFD", "SSLWRITEFD")


class Interposed:
    """A program behind a helper, in a process of its own; ours is all that a server has."""

    def __init__(self, program):
        self.network, network = socket.socketpair()
        self.control, control = socket.socketpair()
        self.text, text = socket.socketpair()
        self.still_there = network.dup()
        theirs = (network, control, text)

        def child():
            for end in (self.network, self.control, self.text, self.still_there):
                os.close(end.fileno())
            os.dup2(network.fileno(), 0)
            os.dup2(network.fileno(), 1)
            os.close(network.fileno())
            numbers = (control.fileno(), text.fileno(), text.fileno())
            os.environ.update(zip(NAMES, map(str, numbers), strict=True))
            pump.interpose(lambda: Relay(transforms={OUTWARD: bytes.upper}))
            return program(*(int(os.environ[name]) for name in NAMES))

        self.pid = processes.fork(child)
        for end in theirs:
            end.close()
        for end in (self.network, self.control, self.text):
            end.settimeout(PATIENCE)

    def left(self):
        """What the network has sent and nobody has read."""
        return self.still_there.recv(100, socket.MSG_DONTWAIT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for end in (self.network, self.control, self.text, self.still_there):
            end.close()
        assert os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]) == 0
        recordings.gone()


def begin(control, reading, writing):
    """A program that wishes, tells its client, and hears what the server answers."""
    os.write(1, os.read(0, 100))
    os.write(control, b"Y")
    os.write(1, b"begin")
    answer = os.read(control, 100)
    os.write(writing, answer + os.read(reading, 100))
    return 0


def test_text_is_pumped_after_the_wish_and_ciphertext_is_not_touched():
    with Interposed(begin) as ends:
        ends.network.sendall(b"hello")
        assert ends.network.recv(10, socket.MSG_WAITALL) == b"HELLOBEGIN"
        ends.network.sendall(b"ciphertext")
        assert ends.control.recv(100) == b"Y"
        ends.control.sendall(b"answer ")
        ends.text.sendall(b"text")
        assert ends.text.recv(100) == b"ANSWER TEXT"
        assert ends.text.recv(100) == b""
        assert ends.left() == b"ciphertext"


def test_the_wish_is_heard_before_what_is_said_after_it():
    """The client answers at once; what it sends then is for the server."""

    def program(control, reading, writing):
        os.write(control, b"y")
        os.write(1, b"begin")
        return len(os.read(control, 100)) + len(os.read(reading, 100))

    with Interposed(program) as ends:
        assert ends.network.recv(100) == b"BEGIN"
        assert ends.control.recv(100, socket.MSG_DONTWAIT) == b"y"


@pytest.mark.parametrize("leave", [os.close, lambda control: None])
def test_a_program_that_never_wishes(leave):
    def program(control, reading, writing):
        leave(control)
        os.write(1, os.read(0, 100))
        return 0

    with Interposed(program) as ends:
        ends.network.sendall(b"plain")
        assert ends.network.recv(100) == b"PLAIN"
        assert ends.control.recv(100) == b""
        assert ends.text.recv(100) == b""


def test_a_server_that_is_gone_when_the_program_wishes():
    def program(control, reading, writing):
        os.read(0, 1)
        os.write(control, b"Y")
        return len(os.read(control, 100)) + len(os.read(reading, 100))

    with Interposed(program) as ends:
        ends.control.close()
        ends.text.close()
        ends.network.sendall(b"x")


def test_a_server_that_ends_when_it_has_answered():
    def program(control, reading, writing):
        os.write(control, b"Y")
        while os.read(control, 100):
            pass
        os.write(writing, b"still there")
        return 0

    with Interposed(program) as ends:
        assert ends.control.recv(100) == b"Y"
        ends.control.sendall(b"answer")
        ends.control.close()
        assert ends.text.recv(100) == b"STILL THERE"


def test_without_another_helper_there_is_no_tls(monkeypatch):
    def program(control, reading, writing):
        os.write(control, b"Y")
        assert os.read(control, 100) == b""
        os.write(1, b"sorry")
        return 0

    fork, calls = processes.fork, []

    def once(child):
        calls.append(1)
        if len(calls) > 2:
            raise OSError(11, "no more")
        return fork(child)

    monkeypatch.setattr(processes, "fork", once)
    with Interposed(program) as ends:
        assert ends.network.recv(100) == b"SORRY"
        assert ends.control.recv(100) == b""


def test_what_is_not_open_is_not_offered():
    def offered():
        os.environ.update(dict.fromkeys(NAMES, "987654"))
        return pumptls.switch(), "SSLCTLFD" in os.environ

    assert in_a_fork(offered) == (None, False)
    assert in_a_fork(pumptls.switch) is None


def test_the_program_has_what_it_is_offered_and_nothing_of_the_server():
    def program(control, reading, writing):
        return len(set(descriptors.inherited()) ^ {control, reading, writing} ^ before)

    before = set(descriptors.inherited())
    with Interposed(program):
        pass
