from __future__ import annotations

import os
import socket
import time

import pytest

from supervise.unix import together
from supervise.unix.together import LATE, READ, WRITE, Together, Wait
from tests.support.conversations import finish, soon
from tests.support.patience import PATIENCE


@pytest.fixture
def pairs():
    """Connected sockets: those of the conversations, and those of whom they talk with."""
    pairs = [socket.socketpair() for _ in range(3)]
    for near, far in pairs:
        near.setblocking(False)
        far.settimeout(PATIENCE)
    yield pairs
    for pair in pairs:
        for end in pair:
            end.close()


async def ask(near, until):
    """Say that somebody may answer; what he answers."""
    near.send(b"ready")
    await together.readable(near.fileno(), until)
    return near.recv(100)


def test_everybody_has_asked_before_anybody_is_heard(pairs):
    with Together([ask(near, soon()) for near, _ in pairs]) as asked:
        for near, far in reversed(pairs):
            assert far.recv(100) == b"ready"
            far.send(b"%d" % near.fileno())
        assert list(asked) == [b"%d" % near.fileno() for near, _ in pairs]


def test_an_answer_is_there_before_the_others(pairs):
    with Together([ask(near, soon()) for near, _ in pairs]) as asked:
        pairs[1][1].send(b"second")
        assert asked.answer(1) == b"second"
        assert asked.answer(1) == b"second"


def test_who_is_late_does_not_end_the_others(pairs):
    with Together([ask(pairs[0][0], soon(0.1)), ask(pairs[1][0], soon())]) as asked:
        with pytest.raises(TimeoutError):
            asked.answer(0)
        pairs[1][1].send(b"not late")
        assert asked.answer(1) == b"not late"


def test_trouble_is_that_of_one(pairs):
    pairs[0][1].close()

    async def fail():
        raise KeyError

    with Together([fail(), ask(pairs[1][0], soon())]) as asked:
        with pytest.raises(KeyError):
            asked.answer(0)
        pairs[1][1].send(b"well")
        assert asked.answer(1) == b"well"


def test_leaving_breaks_off_what_still_goes_on(pairs):
    ended = []

    async def watched(near):
        try:
            return await ask(near, soon())
        finally:
            ended.append(near)

    with Together([watched(near) for near, _ in pairs]) as asked:
        pairs[0][1].send(b"done")
        assert asked.answer(0) == b"done"
        assert ended == [pairs[0][0]]
    assert ended == [near for near, _ in pairs]


def test_nobody_is_listened_to_after_the_deadline(pairs):
    near, far = pairs[0]
    far.send(b"there is always something to read")

    async def listen(until):
        while await Wait({near.fileno(): READ}, until):
            pass
        return near.recv(5)

    assert finish(listen(soon(0.1))) == b"there"


def test_a_conversation_of_several_descriptors(pairs):
    descriptors = [near.fileno() for near, _ in pairs]

    async def listen():
        return await Wait(dict.fromkeys(descriptors, READ), soon())

    with Together([listen()]) as listening:
        for _, far in pairs[:2]:
            far.send(b"x")
        assert listening.answer(0) == set(descriptors[:2])


@pytest.mark.parametrize("events", [READ, WRITE])
def test_an_end_is_something_to_be_told(events):
    reading, writing = os.pipe()
    watched, closed = (reading, writing) if events == READ else (writing, reading)
    os.close(closed)

    async def wait():
        return await Wait({watched: events}, soon())

    assert finish(wait()) == {watched}
    os.close(watched)


@pytest.mark.parametrize("until", [0.0, -1.0])
def test_no_patience_at_all(pairs, until):
    pairs[0][1].send(b"already there")
    with pytest.raises(TimeoutError):
        finish(together.readable(pairs[0][0].fileno(), until))


def test_a_wait_without_descriptors_is_for_the_deadline():
    async def wait():
        return await Wait({}, until)

    until = soon(0.05)
    assert finish(wait()) == LATE
    assert time.monotonic() >= until


def test_more_patience_than_poll_can_hold(pairs):
    pairs[0][1].send(b"x")
    assert finish(together.readable(pairs[0][0].fileno(), 2.0**64)) is None


def test_what_can_be_written(pairs):
    near = pairs[0][0]
    assert finish(together.writable(near.fileno(), soon())) is None
    while True:
        try:
            near.send(bytes(65536))
        except BlockingIOError:
            break
    with pytest.raises(TimeoutError):
        finish(together.writable(near.fileno(), soon(0.05)))


def test_nothing_to_do():
    with Together([]) as nothing:
        assert list(nothing) == []
