from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from supervise.unix import files, recordlocks
from tests.support.forks import in_a_fork
from tests.support.patience import eventually

TAKING = """\
import os, signal, sys
from supervise.unix import recordlocks
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
recordlocks.take(file)
print("taken", flush=True)
signal.pause()"""


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "lock")


@pytest.fixture
def take(background, path):
    """A process that holds the lock."""

    def start():
        argv = [sys.executable, "-c", TAKING, path]
        process = background.start(argv, stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"taken\n"
        return process

    return start


def asked(path: str, question: Callable[[int], object]) -> object:
    """What another process is told."""

    def ask() -> object:
        return question(files.open_read(path))

    return in_a_fork(ask)


def test_nobody_has_it(path):
    assert recordlocks.owner(files.open_append(path)) is None


def test_its_holder_is_known_while_it_lives(path, take):
    holder = take()
    descriptor = files.open_append(path)
    assert recordlocks.owner(descriptor) == holder.pid
    with pytest.raises(BlockingIOError):
        recordlocks.take(descriptor)
    holder.kill()
    holder.wait()
    assert recordlocks.owner(descriptor) is None
    recordlocks.take(descriptor)
    os.close(descriptor)


def test_it_is_not_the_children_s(path):
    descriptor = files.open_append(path)
    recordlocks.take(descriptor)
    assert in_a_fork(lambda: recordlocks.owner(descriptor)) == os.getpid()
    in_a_fork(lambda: os.close(descriptor))
    assert asked(path, recordlocks.owner) == os.getpid()
    assert recordlocks.owner(descriptor) is None, "of others only"
    os.close(descriptor)
    assert asked(path, recordlocks.owner) is None


def test_a_reader_may_ask(path, take):
    holder = take()
    os.chmod(path, 0o400)
    descriptor = files.open_read(path)
    assert eventually(lambda: recordlocks.owner(descriptor)) == holder.pid
    os.close(descriptor)
