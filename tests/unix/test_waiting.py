from __future__ import annotations

import os
import time

import pytest

from supervise.unix.waiting import Waiter
from tests.support.forks import in_a_fork


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


@pytest.fixture(params=[False, True], ids=["few", "many"])
def waiter(request):
    waiter = Waiter(many=request.param)
    yield waiter
    waiter.selector.close()


def test_what_is_readable(waiter, pipe):
    waiter.add(pipe[0])
    assert waiter.wait(until=0.0) == set()
    os.write(pipe[1], b"x")
    assert waiter.wait(until=None) == {pipe[0]}


def test_a_deadline_that_has_passed_only_looks(waiter, pipe):
    os.write(pipe[1], b"x")
    waiter.add(pipe[0])
    assert waiter.wait(until=time.monotonic() - 100) == {pipe[0]}


def test_it_never_returns_before_the_deadline(waiter, pipe):
    """Otherwise a loop would spin through the last part of a millisecond."""
    waiter.add(pipe[0])
    for part in range(20):
        until = time.monotonic() + 0.0005 + part / 20_000
        assert waiter.wait(until) == set()
        assert time.monotonic() >= until


def test_a_closed_writer_is_readable(waiter):
    reading, writing = os.pipe()
    waiter.add(reading)
    os.close(writing)
    assert waiter.wait(until=None) == {reading}
    waiter.remove(reading)
    os.close(reading)


def test_what_is_removed_is_not_waited_for(waiter, pipe):
    waiter.add(pipe[0])
    os.write(pipe[1], b"x")
    waiter.remove(pipe[0])
    assert waiter.wait(until=0.0) == set()


def test_many_descriptors(waiter):
    pipes = [os.pipe() for _ in range(100)]
    for reading, _ in pipes:
        waiter.add(reading)
    for _, writing in pipes[::7]:
        os.write(writing, b"x")
    assert waiter.wait(until=None) == {reading for reading, _ in pipes[::7]}
    for reading, writing in pipes:
        waiter.remove(reading)
        os.close(reading)
        os.close(writing)


def test_few_need_no_descriptor_of_their_own():
    def numbers() -> tuple[int, int]:
        before = set(os.listdir("/proc/self/fd"))
        waiter = Waiter()
        between = set(os.listdir("/proc/self/fd"))
        many = Waiter(many=True)
        after = set(os.listdir("/proc/self/fd"))
        few, more = len(between) - len(before), len(after) - len(between)
        del waiter, many  # not before they are counted
        return few, more

    assert in_a_fork(numbers) == (0, 1)
