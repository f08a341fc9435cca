from __future__ import annotations

import os
import signal

import pytest

from supervise.unix import channels, descriptors
from tests.support.forks import in_a_fork


@pytest.fixture
def ends():
    one, other = channels.pair()
    yield one, other
    for end in (one, other):
        if descriptors.is_open(end):
            os.close(end)


def test_messages_stay_whole_and_go_both_ways(ends):
    one, other = ends
    channels.send(one, b"d")
    channels.send(one, b"x")
    channels.send(other, b"answer")
    assert channels.receive(other) == (b"d", [])
    assert channels.receive(other) == (b"x", [])
    assert channels.receive(one) == (b"answer", [])


def test_both_ends_are_closed_on_exec(ends):
    assert not any(map(descriptors.survives_exec, ends))


def test_a_descriptor_travels(ends):
    one, other = ends
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    channels.send(one, b"take this", writing)
    os.close(writing)
    message, (taken,) = channels.receive(other)
    assert message == b"take this"
    assert not descriptors.survives_exec(taken)
    os.write(taken, b"through it")
    os.close(taken)
    assert os.read(reading, 100) == b"through it"
    assert os.read(reading, 100) == b""
    os.close(reading)


def test_a_message_after_one_with_a_descriptor_carries_none(ends):
    one, other = ends
    channels.send(one, b"1", 2)
    channels.send(one, b"2")
    _, taken = channels.receive(other)
    assert channels.receive(other) == (b"2", [])
    os.close(*taken)


def test_the_end_is_an_empty_message(ends):
    one, other = ends
    channels.send(one, b"last")
    os.close(one)
    assert channels.receive(other) == (b"last", [])
    assert channels.receive(other) == (b"", [])


def test_an_end_that_left_something_unread_is_an_end_too(ends):
    one, other = ends
    channels.send(one, b"unread")
    os.close(other)
    assert channels.receive(one) == (b"", [])


def test_a_message_to_a_closed_end_is_lost_even_where_sigpipe_would_kill():
    def speak_to_nobody() -> str:
        one, other = channels.pair()
        os.close(other)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        channels.send(one, b"hello")
        return "alive"

    assert in_a_fork(speak_to_nobody) == "alive"


def test_sending_never_waits(ends):
    one, _ = ends

    def send_and_send() -> None:
        while True:
            channels.send(one, b"t" * channels.LONGEST)

    with pytest.raises(BlockingIOError):
        send_and_send()


def test_the_descriptor_is_left_open_after_trouble(ends):
    one, other = ends
    os.close(other)
    channels.send(one, b"lost")
    channels.receive(one)
    assert descriptors.is_open(one)


def test_who_does_not_wait_takes_what_is_there(ends):
    one, other = ends
    assert channels.receive(other, wait=False) == (b"", [])
    channels.send(one, b"word")
    assert channels.receive(other, wait=False) == (b"word", [])
    os.close(one)
    assert channels.receive(other, wait=False) == (b"", [])
