from __future__ import annotations

import os
import signal
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervise.drivers import pump
from supervise.machines.relay import INWARD, OUTWARD, WAYS, Relay
from supervise.unix import processes
from tests.support.patience import eventually
from tests.support.processes import state

MUCH = 1 << 20  # bytes: more than sockets and pipes hold


class Pumped:
    """A pump in a process of its own, and the far ends of all that it holds."""

    def __init__(self, relay, log=None):
        self.network, network = socket.socketpair()
        self.network.settimeout(15)
        self.program_in, sink = os.pipe()
        source, self.program_out = os.pipe()
        ours = [self.network.fileno(), self.program_in, self.program_out]

        def child():
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)
            for number in ours:
                os.close(number)
            if log is not None:
                os.dup2(log, 2)
            sources = {INWARD: network.fileno(), OUTWARD: source}
            sinks = {INWARD: sink, OUTWARD: network.fileno()}
            pump.Pump(relay, sources, sinks).run()
            return 7

        self.pid = processes.fork(child)
        network.close()
        os.close(sink)
        os.close(source)

    def shut(self, name):
        """Close one of the program's ends, once."""
        number = getattr(self, name)
        if number is not None:
            os.close(number)
            setattr(self, name, None)

    def code(self):
        """The exit code of the pump, as soon as it is over."""
        pid, self.pid = self.pid, None
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def over(self):
        return state(self.pid) == "Z"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.network.close()
        self.shut("program_in")
        self.shut("program_out")
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def recorded(way, chunk):
    return [b"%s %d\n" % (way.name.encode(), len(chunk))]


def read_exactly(read, count):
    got = b""
    while len(got) < count and (block := read(count - len(got))):
        got += block
    return got


def test_both_ways_and_the_ends():
    with Pumped(Relay(transforms={OUTWARD: bytes.upper})) as ends:
        ends.network.sendall(b"question")
        assert os.read(ends.program_in, 100) == b"question"
        os.write(ends.program_out, b"answer")
        assert ends.network.recv(100) == b"ANSWER"
        ends.network.shutdown(socket.SHUT_WR)
        assert os.read(ends.program_in, 100) == b""
        os.write(ends.program_out, b"bye")
        ends.shut("program_out")
        assert read_exactly(ends.network.recv, 100) == b"BYE"
        assert ends.code() == 7


def test_a_program_that_does_not_read_is_heard_all_the_same():
    with Pumped(Relay()) as ends:
        ends.network.setblocking(False)
        fill(ends.network)
        ends.network.settimeout(15)
        os.write(ends.program_out, b"busy")
        assert ends.network.recv(100) == b"busy"


def fill(connection):
    """Send until the pump takes no more, for as long as it takes to be sure."""
    sent = 0
    while sent < MUCH:
        try:
            sent += connection.send(bytes(4096))
        except BlockingIOError:
            return


def test_a_program_that_closes_its_input_is_heard_to_the_end():
    with Pumped(Relay()) as ends:
        ends.shut("program_in")
        ends.network.sendall(b"nobody reads this")
        for word in (b"one", b"two"):
            os.write(ends.program_out, word)
            assert ends.network.recv(100) == word
        ends.shut("program_out")
        assert ends.code() == 7


def test_without_a_network_the_program_is_told():
    with Pumped(Relay()) as ends:
        ends.network.close()
        assert os.read(ends.program_in, 100) == b""
        os.write(ends.program_out, b"is anybody there?")
        assert ends.code() == 7
        with pytest.raises(BrokenPipeError):
            os.write(ends.program_out, b"no")


def test_a_program_that_closes_its_output_ends_it_whatever_the_network_sends():
    with Pumped(Relay()) as ends:
        ends.network.setblocking(False)
        fill(ends.network)
        ends.shut("program_out")
        assert ends.code() == 7


def test_a_record_waits_for_room_in_a_log_that_does_not_block():
    log_read, log_write = os.pipe()
    os.set_blocking(log_write, False)
    filling = 0
    try:
        while True:
            filling += os.write(log_write, bytes(4096))
    except BlockingIOError:
        pass
    with Pumped(Relay(recorded), log_write) as ends:
        ends.network.sendall(b"abc")
        eventually(lambda: state(ends.pid) == "S")
        assert read_exactly(lambda size: os.read(log_read, size), filling) == bytes(filling)
        assert os.read(log_read, 100) == b"INWARD 3\n"
        assert os.read(ends.program_in, 100) == b"abc"
    os.close(log_read)
    os.close(log_write)


def test_without_a_log_the_connection_goes_on():
    log_read, log_write = os.pipe()
    os.close(log_read)
    with Pumped(Relay(recorded), log_write) as ends:
        os.close(log_write)
        ends.network.sendall(b"abc")
        assert os.read(ends.program_in, 100) == b"abc"


def test_when_it_is_over_nothing_more_is_read():
    network_in, network = os.pipe()
    nobody, network_out = os.pipe()
    os.close(nobody)
    os.write(network, b"unread")
    relay = Relay()
    assert relay.received(OUTWARD, b"answer") == []
    sources = {INWARD: network_in, OUTWARD: -1}
    pump.Pump(relay, sources, {INWARD: -1, OUTWARD: network_out}).run()
    assert os.read(network_in, 100) == b"unread"
    os.close(network_in)
    os.close(network)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sampled_from(WAYS), st.binary(min_size=1, max_size=700)), max_size=12))
def test_whatever_comes_when_everything_arrives_once_and_in_order(turns):
    with Pumped(Relay(transforms=dict.fromkeys(WAYS, lambda chunk: chunk * 2))) as ends:
        for way, block in turns:
            if way is INWARD:
                ends.network.sendall(block)
                got = read_exactly(lambda size: os.read(ends.program_in, size), 2 * len(block))
            else:
                os.write(ends.program_out, block)
                got = read_exactly(ends.network.recv, 2 * len(block))
            pieces = [block[at : at + pump.CHUNK] for at in range(0, len(block), pump.CHUNK)]
            assert got == b"".join(piece * 2 for piece in pieces)
        ends.network.shutdown(socket.SHUT_WR)
        assert os.read(ends.program_in, 1) == b""
        ends.shut("program_out")
        assert ends.code() == 7


def test_a_sink_that_was_closed_from_the_start():
    silent, network = socket.socketpair()
    source, program_out = os.pipe()
    os.write(program_out, b"to nobody")

    def child():
        os.close(1)
        sources = {INWARD: silent.fileno(), OUTWARD: source}
        pump.Pump(Relay(), sources, {OUTWARD: 1}).run()
        return 7

    with silent, network:
        pid = processes.fork(child)
        os.close(source)
        os.close(program_out)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
