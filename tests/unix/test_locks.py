from __future__ import annotations

import os
import subprocess

import pytest

from supervise.unix import files, locks
from supervise.unix.processes import fork
from tests.support import processes
from tests.support.patience import PATIENCE, eventually


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "lock")


def test_a_second_open_of_the_same_process_conflicts_too(path):
    one, other = files.open_append(path), files.open_append(path)
    locks.exclusive(one, wait=False)
    with pytest.raises(BlockingIOError):
        locks.exclusive(other, wait=False)
    os.close(one)
    locks.exclusive(other, wait=False)
    os.close(other)


def test_a_copy_keeps_the_lock(path):
    one, other = files.open_append(path), files.open_append(path)
    locks.exclusive(one, wait=False)
    copy = os.dup(one)
    os.close(one)
    with pytest.raises(BlockingIOError):
        locks.exclusive(other, wait=False)
    os.close(copy)
    locks.exclusive(other, wait=False)
    os.close(other)


def test_it_is_flock_that_other_programs_see(path):
    descriptor = files.open_append(path)
    locks.exclusive(descriptor, wait=False)
    assert subprocess.run(["/usr/bin/flock", "-n", path, "/bin/true"], check=False).returncode == 1
    os.close(descriptor)
    assert subprocess.run(["/usr/bin/flock", "-n", path, "/bin/true"], check=False).returncode == 0


def test_a_lock_that_is_let_go_in_time(path, background):
    holder = background.start(
        ["/usr/bin/flock", path, "/bin/sh", "-c", "echo held; read line"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout.readline() == b"held\n"
    descriptor = files.open_append(path)
    with pytest.raises(BlockingIOError):
        locks.exclusive_within(descriptor, 0.0)
    with pytest.raises(BlockingIOError):
        locks.exclusive_within(descriptor, 0.1)
    holder.stdin.write(b"\n")
    holder.stdin.flush()
    locks.exclusive_within(descriptor, PATIENCE)
    os.close(descriptor)
    holder.communicate()


def test_a_record_lock_is_of_the_process_and_not_of_the_descriptor(path):
    shared = files.open_append(path)
    reading, writing = os.pipe()

    def child() -> int:
        os.write(writing, b"1")
        with locks.records(shared):
            return 7

    with locks.records(shared):
        waiting = fork(child)
        assert os.read(reading, 1) == b"1"
        eventually(lambda: processes.state(waiting) == "S")
    assert os.waitstatus_to_exitcode(os.waitpid(waiting, 0)[1]) == 7
    for descriptor in (shared, reading, writing):
        os.close(descriptor)


def test_a_record_lock_ends_with_its_process(path):
    shared = files.open_append(path)

    def child() -> int:
        locks.records(shared).__enter__()
        return 3

    assert os.waitstatus_to_exitcode(os.waitpid(fork(child), 0)[1]) == 3
    with locks.records(shared):
        pass
    os.close(shared)


def test_waiting_for_somebody_to_let_go(path, background):
    holder = background.start(
        ["/usr/bin/flock", path, "/bin/sh", "-c", "echo held; read line"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout.readline() == b"held\n"

    def wait_and_say() -> int:
        locks.exclusive(files.open_append(path), wait=True)
        return 7

    waiting = fork(wait_and_say)
    eventually(lambda: processes.state(waiting) == "S")
    holder.communicate(b"\n")
    assert os.waitstatus_to_exitcode(os.waitpid(waiting, 0)[1]) == 7
