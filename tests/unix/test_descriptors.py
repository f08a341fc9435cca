from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys

import pytest

from supervise.unix import descriptors
from tests.support.forks import in_a_fork


def null() -> int:
    return os.open("/dev/null", os.O_RDWR)


def inheritable() -> int:
    descriptor = null()
    os.set_inheritable(descriptor, True)
    return descriptor


def open_numbers() -> set[int]:
    return {number for number in range(64) if descriptors.is_open(number)}


def test_whether_a_descriptor_is_open():
    descriptor = null()
    assert descriptors.is_open(descriptor)
    os.close(descriptor)
    assert not descriptors.is_open(descriptor)
    assert not descriptors.survives_exec(descriptor)


def test_move_to_a_standard_number():
    def move() -> tuple[bool, bool, bytes]:
        reading, writing = os.pipe()
        os.write(writing, b"input")
        descriptors.move(reading, 0)
        return descriptors.is_open(reading), descriptors.survives_exec(0), os.read(0, 10)

    assert in_a_fork(move) == (False, True, b"input")


def test_move_to_itself_makes_it_inherited():
    descriptor = null()
    descriptors.move(descriptor, descriptor)
    assert descriptors.survives_exec(descriptor)
    os.close(descriptor)


def test_above_standard_sees_what_is_open():
    descriptor = null()
    assert descriptor in descriptors.above_standard()
    assert not {0, 1, 2} & set(descriptors.above_standard())
    os.close(descriptor)


def test_without_proc_the_numbers_of_a_small_program_are_tried(monkeypatch):
    def listdir(path: str) -> list[str]:
        raise FileNotFoundError(2, path)

    monkeypatch.setattr(os, "listdir", listdir)
    assert descriptors.above_standard() == list(range(3, 1024))
    kept, gone = inheritable(), null()
    assert kept in descriptors.inherited()
    assert gone not in descriptors.inherited()
    os.close(kept)
    os.close(gone)


def test_what_exec_would_close_is_closed():
    def close() -> tuple[set[int], set[int]]:
        descriptors.close_all_but(set())
        kept, gone = inheritable(), null()
        high = 50
        os.dup2(gone, high, inheritable=False)
        descriptors.close_on_exec_now()
        return open_numbers(), {0, 1, 2, kept}

    left, expected = in_a_fork(close)
    assert left == expected


def test_closing_what_exec_would_close_agrees_with_exec():
    """The descriptors above 2 that a fork is left with, and those that an exec'ed program has."""
    kept = [inheritable(), inheritable()]
    others = [null(), null()]
    ours = in_a_fork(lambda: (descriptors.close_on_exec_now(), open_numbers())[1])
    listing = "import os; print([n for n in range(64) if os.path.exists(f'/proc/self/fd/{n}')])"
    command = [sys.executable, "-ISc", listing]
    done = subprocess.run(command, close_fds=False, capture_output=True, check=True)
    assert ours == set(eval(done.stdout))
    for descriptor in kept + others:
        os.close(descriptor)


@pytest.mark.parametrize("kept", [set(), {3}, {5}, {4, 9}, {63}, {0, 1}, {1, 7}, {2, 3}])
def test_close_all_but(kept):
    def close() -> set[int]:
        for number in range(3, 64):
            os.dup2(0, number)
        descriptors.close_all_but(kept)
        return open_numbers()

    assert in_a_fork(close) == {0, 1, 2} | kept


def test_close_all_but_where_very_many_could_be_open():
    def close() -> set[int]:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        os.dup2(0, most - 1)
        descriptors.close_all_but({3} if descriptors.is_open(3) else set())
        return {most - 1} if descriptors.is_open(most - 1) else set()

    assert in_a_fork(close) == set()


@pytest.mark.parametrize("closed", [{0}, {1}, {2}, {0, 1, 2}, set()])
def test_standard_descriptors_that_are_closed_lead_nowhere(closed):
    def reopen() -> tuple[set[int], bool, bytes]:
        for number in closed:
            os.close(number)
        before = open_numbers()
        descriptors.open_standard()
        new = open_numbers() - before
        content = b"".join(os.read(number, 1) + b"." * os.write(number, b"x") for number in new)
        return new, all(map(descriptors.survives_exec, (0, 1, 2))), content

    assert in_a_fork(reopen) == (closed, True, b"." * len(closed))


def test_inherited_is_what_a_program_would_have():
    kept, gone = inheritable(), null()
    inherited = descriptors.inherited()
    assert kept in inherited
    assert gone not in inherited
    os.close(kept)
    os.close(gone)


def test_to_close_is_no_trouble(monkeypatch):
    descriptor = null()
    descriptors.close(descriptor)
    assert not descriptors.is_open(descriptor)
    descriptors.close(descriptor)  # whatever is answered


def test_what_is_to_be_inherited_and_what_is_not_any_more():
    numbers = [null(), null()]
    descriptors.set_all_inheritable(numbers, True)
    assert [descriptors.survives_exec(number) for number in numbers] == [True, True]
    descriptors.set_all_inheritable(numbers, False)
    assert [descriptors.survives_exec(number) for number in numbers] == [False, False]
    for number in numbers:
        os.close(number)


def test_what_cannot_be_looked_at_is_not_taken_for_closed(monkeypatch):
    def refuse(descriptor: int) -> bool:
        raise OSError(errno.EINTR, "made up")

    monkeypatch.setattr(descriptors.os, "get_inheritable", refuse)
    assert descriptors.is_open(0)
