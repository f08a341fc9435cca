"""Supervises that say that their svscan is gone: processes that hold what such a one holds."""

from __future__ import annotations

import os
import signal
import stat
from subprocess import Popen

import pytest

from supervise.drivers import abandoned
from supervise.drivers.adoption import Record
from supervise.drivers.ownership import Ownership
from supervise.formats.adoption import Memory
from supervise.formats.status import UP, Status
from supervise.formats.tai64 import EPOCH, Tai64n
from supervise.unix import descriptors, pipes, processes
from tests.support import trees
from tests.support.patience import eventually

MEMORY = Memory(Status(Tai64n(EPOCH, 0), None, False, UP), 0.0, False, False)


@pytest.fixture
def sv(tmp_path, monkeypatch):
    (tmp_path / "sv/supervise").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "sv"


@pytest.fixture
def hold(sv):
    """Start a process that owns the directory, with that pipe's end as that descriptor."""
    held: list[int] = []

    def start(is_abandoned: bool = True, end: int | None = None, number: int = 0) -> int:
        def supervise() -> int:
            os.chdir(sv)
            directory = Ownership("sv")
            record = Record("sv")
            record.keep(MEMORY)
            if is_abandoned:
                record.abandoned()
            os.dup2(os.open(os.devnull, os.O_RDWR) if end is None else end, number)
            directory.announce()
            heard: list[bytes] = []
            while b"x" not in heard:
                signal.sigtimedwait({signal.SIGUSR1}, 0.01)
                heard += directory.commands()
            (sv / "heard").write_bytes(b"".join(heard))
            record.clear()
            return 0

        held.append(processes.fork(supervise))
        eventually(lambda: trees.is_supervised(sv))
        return held[-1]

    before = descriptors.above_standard()
    yield start
    for pid in held:
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except ProcessLookupError:
            pass
    assert descriptors.above_standard() == before


def test_it_is_found_and_takes_orders(sv, hold):
    pid = hold()
    adopted = abandoned.supervise("sv")
    assert adopted is not None
    adopted.order(b"dk")
    os.kill(pid, signal.SIGSTOP)
    adopted.order(b"x")  # which lets it go on
    assert os.waitpid(pid, 0)[1] == 0
    assert (sv / "heard").read_bytes() == b"dkx"
    assert not abandoned.was_killed("sv")
    adopted.ended(0)
    adopted.order(b"x")  # to nobody


def test_one_that_has_its_svscan_is_left_alone(hold):
    hold(is_abandoned=False)
    assert abandoned.supervise("sv") is None


def test_where_nobody_is_nobody_is_found(sv):
    assert abandoned.supervise("sv") is None
    assert abandoned.supervise("missing") is None
    assert not abandoned.was_killed("sv")


def test_one_that_cannot_be_given_a_descriptor_makes_room_for_one_that_can(hold):
    pid = hold()
    adopted = abandoned.supervise("sv")
    adopted.order(b"\x01", 0)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL
    assert abandoned.was_killed("sv")
    adopted.ended(signal.SIGKILL)


@pytest.mark.parametrize(("standard", "as_log"), [(0, True), (1, False)])
def test_the_very_pipe_is_taken(hold, standard, as_log):
    ends = pipes.make()
    hold(end=ends[standard], number=standard)
    taken = abandoned.pipe(None, "sv") if as_log else abandoned.pipe("sv", None)
    assert taken is not None
    os.write(taken[1], b"line")
    assert os.read(ends[0], 10) == b"line"
    os.write(ends[1], b"more")
    assert os.read(taken[0], 10) == b"more"
    assert all(os.fstat(end).st_ino == os.fstat(ends[0]).st_ino for end in taken)
    assert not descriptors.survives_exec(taken[0])
    assert os.get_blocking(taken[0])
    assert os.get_blocking(taken[1])
    for end in (*ends, *taken):
        os.close(end)


def test_what_is_no_pipe_is_not_taken(hold):
    hold()
    assert abandoned.pipe("sv", "sv") is None
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
    assert abandoned.open_both("/proc/self/fd/99999") is None


@pytest.mark.parametrize("shared", [True, False])
def test_the_pipe_that_the_children_of_killed_ones_share(sv, shared):
    (sv / "log/supervise").mkdir(parents=True)
    ends, others = pipes.make(), pipes.make()
    writer = Popen(["/bin/sleep", "1000"], stdout=ends[1])
    reader = Popen(["/bin/sleep", "1000"], stdin=ends[0] if shared else others[0])
    for place, child in ((sv, writer), (sv / "log", reader)):
        os.chdir(place)
        record = Record("sv")
        record.keep(MEMORY._replace(status=MEMORY.status._replace(pid=child.pid)))
        os.close(record.descriptor)
    taken = abandoned.pipe(str(sv), str(sv / "log"))
    assert (taken is not None) == shared
    assert all(os.fstat(end).st_ino == os.fstat(ends[0]).st_ino for end in taken or ())
    for child in (writer, reader):
        child.kill()
        child.wait()
    assert abandoned.pipe(str(sv), str(sv / "log")) is None
    for end in (*ends, *others, *(taken or ())):
        os.close(end)
