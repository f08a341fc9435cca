from __future__ import annotations

import os
import signal
import socket
import subprocess

import pytest

from tests.support import processes
from tests.support.networks import on_six_and_seven
from tests.support.patience import PATIENCE


@pytest.fixture(params=["script", "module"])
def mconnect_io(request):
    if request.param == "script":
        return [processes.script("mconnect-io")]
    return processes.module("mconnect-io")


@pytest.fixture
def connected(background, mconnect_io):
    """mconnect-io in the background, and the far end of its network."""
    ends = []

    def begin(**options):
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, **options}
        process, near = on_six_and_seven(background, mconnect_io, **streams)
        ends.append(near)
        return process, near

    yield begin
    for near in ends:
        near.close()


def test_a_dialogue(connected):
    process, network = connected()
    network.sendall(b"220 hello\r\n")
    assert os.read(process.stdout.fileno(), 100) == b"220 hello\r\n"
    os.write(process.stdin.fileno(), b"helo\nmail\r\npart")
    assert network.recv(100) == b"helo\r\nmail\r\r\npart"
    network.shutdown(socket.SHUT_WR)
    assert process.wait(PATIENCE) == 0


def test_the_end_of_the_input_is_not_the_end(connected):
    process, network = connected()
    process.stdin.write(b"quit\n")
    process.stdin.close()
    assert network.recv(100) == b"quit\r\n"
    network.sendall(b"221 bye")
    assert os.read(process.stdout.fileno(), 100) == b"221 bye"
    assert process.poll() is None
    network.close()
    assert process.wait(PATIENCE) == 0


def test_a_reader_who_is_gone(connected):
    process, network = connected()
    process.stdout.close()
    network.sendall(b"hello\r\n")
    assert process.wait(PATIENCE) == 0


def test_a_network_that_is_gone(connected):
    process, network = connected(stderr=subprocess.PIPE)
    network.close()
    os.write(process.stdin.fileno(), b"anybody\n")
    assert process.wait(PATIENCE) == 0
    assert process.stderr.read() == b""


@pytest.mark.parametrize("closed", [(0,), (1,), (6,), (7,), (0, 1, 6, 7)])
def test_descriptors_that_are_closed(connected, closed):
    process, network = connected(
        closed=closed, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        network.sendall(b"hello")
        network.shutdown(socket.SHUT_WR)
    except BrokenPipeError:
        pass  # it is over already
    assert (process.wait(PATIENCE), process.stderr.read()) == (0, b"")


def test_a_signal_ends_it(connected):
    process, _ = connected()
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == -signal.SIGTERM
