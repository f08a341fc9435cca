from __future__ import annotations

import os

from supervise import complaints
from tests.support import processes
from tests.support.forks import in_a_fork
from tests.support.patience import eventually


def test_what_is_said_is_shown():
    def shown() -> tuple[str, bool, dict[int, str]]:
        complaints.show_in_ps()
        (reader,) = processes.children()
        os.write(1, b"one ")
        os.write(2, b"two")
        eventually(lambda: "one two" in processes.title(reader))
        title, session = processes.title(reader), os.getsid(reader)
        streams = {number: os.readlink(f"/proc/{reader}/fd/{number}") for number in (1, 2)}
        os.closerange(1, 3)
        os.waitpid(reader, 0)  # it ends when nobody can write there any more
        return title, session == reader, streams

    title, leads, streams = in_a_fork(shown)
    assert title == f"readproctitle service errors: ...{'.' * (397 - 7)}one two"
    assert leads
    assert streams == {1: "/dev/null", 2: "/dev/null"}


def test_nothing_of_ours_is_left_open():
    def descriptors() -> tuple[list[int], list[int]]:
        before = open_now()
        complaints.show_in_ps()
        return before, open_now()

    before, after = in_a_fork(descriptors)
    assert after == before
    eventually(lambda: processes.children() == [])


def open_now() -> list[int]:
    return sorted(int(name) for name in os.listdir("/proc/self/fd"))
