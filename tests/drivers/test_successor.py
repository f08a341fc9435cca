from __future__ import annotations

import os
import sys

import pytest

from supervise.drivers.successor import MOST_HEARD, Successor
from supervise.formats import handover
from supervise.formats.handover import Limit, PidFile, Record
from supervise.unix import descriptors, linux, pipes, processes
from tests.support import trees
from tests.support.patience import eventually

STATE: list[Record] = [Limit(1, 2)]


def python(code: str) -> Successor:
    return Successor([sys.executable, "-I", "-c", code])


def heard(successor: Successor) -> bytes:
    eventually(successor.hear)
    successor.close()
    os.waitpid(successor.pid, 0)
    return successor.said


def test_it_sees_the_state_and_its_descriptors_and_is_heard(tmp_path):
    (tmp_path / "kept").touch()
    kept = os.open(tmp_path / "kept", os.O_RDONLY)
    private = os.open(tmp_path / "kept", os.O_RDONLY)
    code = """\
import os, sys
option, memory = sys.argv[1:]
os.write(1, option.encode() + b" ")
os.write(2, os.pread(int(memory), 1000, 0))
os.write(1, " ".join(sorted(os.listdir("/proc/self/fd"))).encode() + b" ")
os.write(1, os.readlink("/proc/self/fd/0").encode())"""
    records = [*STATE, PidFile(kept, b"x")]
    successor = python(code)
    inherited = descriptors.inherited()
    successor.rehearse(records)
    option, _, rest = heard(successor).partition(b" ")
    state = handover.pack(records)
    assert (option, rest[: len(state)]) == (b"--rehearse", state)
    *found, stdin = rest[len(state) :].split()
    assert stdin == b"/dev/null"
    numbers = {int(number) for number in found}
    assert kept in numbers
    assert private not in numbers
    assert numbers - {0, 1, 2, kept, *inherited} - {private}, "that of the state, and of the list"
    assert descriptors.inherited() == inherited
    assert successor.expected == handover.understood(state)
    for descriptor in (kept, private):
        os.close(descriptor)


def test_of_what_says_much_the_end_is_heard():
    successor = python(f"import os; os.write(1, {3 * MOST_HEARD} * b'x' + b'end')")
    successor.rehearse(STATE)
    assert heard(successor) == (MOST_HEARD - 3) * b"x" + b"end"


def test_nothing_to_be_started():
    before = descriptors.above_standard()
    with pytest.raises(FileNotFoundError):
        Successor(["/nonexistent/svscan"]).rehearse(STATE)
    assert descriptors.above_standard() == before


def test_one_that_is_closed_ends_with_all_that_it_has_started():
    code = "import os, time; print(os.fork(), flush=True); time.sleep(10000)"
    successor = python(code)
    successor.rehearse(STATE)
    assert successor.answer is not None
    numbers = b""
    while numbers.count(b"\n") < 2:
        numbers += os.read(successor.answer, 100)
    successor.close()
    assert successor.answer is None
    for pid in {successor.pid, *map(int, numbers.split())} - {0}:
        eventually(lambda pid=pid: trees.ended(pid))
    os.waitpid(successor.pid, 0)


def test_the_number_of_one_that_was_collected_is_not_its_own():
    successor = python("pass")
    successor.rehearse(STATE)
    os.waitpid(successor.pid, 0)
    other = os.posix_spawn("/bin/sleep", ["sleep", "10000"], {}, setsid=True)
    successor.pid, gone = other, successor.pid
    assert not processes.is_child(gone)
    successor.pid = gone
    successor.close()
    assert not trees.ended(other)
    os.kill(other, 9)
    os.waitpid(other, 0)


def test_an_exec_gets_the_same():
    reading, writing = pipes.make()
    code = f"import os, sys; os.write({writing}, ' '.join(sys.argv[1:]).encode())"
    pid = processes.fork(lambda: python(code).become([*STATE, PidFile(writing, b"x")]) or 0)
    os.close(writing)
    option, memory = os.read(reading, 100).split()
    assert (option, int(memory) > 2) == (b"--resume", True)
    assert os.waitpid(pid, 0)[1] == 0
    os.close(reading)


def test_an_exec_that_fails_leaves_nothing_to_be_inherited(monkeypatch):
    before, inherited = descriptors.above_standard(), descriptors.inherited()
    kept, other = pipes.make()
    seen: list[bool] = []

    def refuse(path: bytes, words: list[bytes], variables: object) -> None:
        seen.append(descriptors.survives_exec(kept))
        raise PermissionError

    monkeypatch.setattr(linux, "execve", refuse)
    with pytest.raises(PermissionError):
        Successor(["/bin/true"]).become([*STATE, PidFile(kept, b"x")])
    assert (seen, descriptors.inherited()) == ([True], inherited)
    os.close(kept)
    os.close(other)
    assert descriptors.above_standard() == before
