from __future__ import annotations

import os
import signal
import socket

import pytest

from supervise.drivers import filtering
from supervise.errors import Failure
from supervise.unix import processes
from tests.support.patience import PATIENCE, eventually
from tests.support.processes import state

MUCH = 1 << 20  # bytes: more than a socket holds


@pytest.fixture
def filtered():
    """A filter to upper case in a process of its own: the far end of both its streams."""
    started = []

    def begin(blocking=True):
        ours, streams = socket.socketpair()
        streams.setblocking(blocking)
        ours.settimeout(PATIENCE)

        def child():
            os.dup2(streams.fileno(), 0)
            os.dup2(streams.fileno(), 1)
            ours.close()
            streams.close()
            filtering.run(bytes.upper, lambda: b".")
            return 7

        started.append((processes.fork(child), ours))
        streams.close()
        return started[-1]

    yield begin
    for pid, ours in started:
        ours.close()
        if state(pid) != "gone":
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def ended(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("blocking", [True, False])
def test_each_chunk_goes_on_before_more_is_waited_for(filtered, blocking):
    pid, ours = filtered(blocking)
    for word in (b"one", b"two\n"):
        ours.sendall(word)
        assert ours.recv(100) == word.upper()
    ours.shutdown(socket.SHUT_WR)
    assert ours.recv(100) == b"."
    assert ended(pid) == 7


@pytest.mark.parametrize("blocking", [True, False])
def test_a_slow_reader_gets_all(filtered, blocking):
    pid, ours = filtered(blocking)
    writer = processes.fork(lambda: ours.sendall(b"x" * MUCH) or ours.shutdown(socket.SHUT_WR) or 0)
    eventually(lambda: state(pid) == "S", "the filter waits for its reader")
    received = b""
    while block := ours.recv(65536):
        received += block
    assert received == b"X" * MUCH + b"."
    assert (ended(writer), ended(pid)) == (0, 7)


def in_place(number, path):
    """Put a file where a standard descriptor is, in a fork of its own."""
    os.dup2(os.open(path, os.O_RDWR if path != "/" else os.O_RDONLY), number)


def trouble_of(stdin, stdout):
    def child():
        in_place(0, stdin)
        in_place(1, stdout)
        try:
            filtering.run(bytes)
        except Failure as failure:
            os.write(told, failure.text.encode())
            return failure.code
        return 0

    reading, told = os.pipe()
    pid = processes.fork(child)
    os.close(told)
    with os.fdopen(reading, "rb") as stream:
        return stream.read(), ended(pid)


def test_trouble(tmp_path):
    path = tmp_path / "input"
    path.write_bytes(b"some")
    assert trouble_of("/", "/dev/null") == (b"unable to read input: is a directory", 111)
    assert trouble_of(str(path), "/dev/full") == (b"unable to write output: out of disk space", 111)
    assert trouble_of("/dev/null", "/dev/full") == (b"", 0)
