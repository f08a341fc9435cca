"""A log directory on a disk that fails: whichever calls fail, once or many times in a row, no byte
of the stream is lost, doubled or out of order, and no call is made again without a pause."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from supervise.commands import multilog
from supervise.drivers.orders import Orders
from supervise.unix import processes
from tests.support import logdirs
from tests.support.oracle import CASES, PHASES, SECONDS_FOR_A_CASE

CALLS = [
    "chmod", "fchdir", "fchmod", "fsync", "ftruncate", "link", "listdir", "open", "pwrite",
    "rename", "splice", "stat", "unlink", "write",
]  # fmt: skip
ERRORS = [errno.EIO, errno.ENOSPC, errno.EROFS, errno.EMFILE, errno.EDQUOT]
SCRIPT = ["n1000", "s4096", "./log"]
MOST_PAUSES = 1000

# Which of the calls of a name fail, counted from 0, and how; a write may also be a short one.
Plan = dict[str, dict[int, int]]
runs = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 4), st.sampled_from(ERRORS)), min_size=1
)
failures = runs.map(
    lambda found: {first + more: why for first, times, why in found for more in range(times)}
)
plans = st.dictionaries(st.sampled_from(CALLS), failures, min_size=1, max_size=4)
pieces = st.sampled_from([b"x\n", b"0123456789" * 20 + b"\n", b"y" * 1500 + b"\n", b"\n" * 50])
streams = st.lists(pieces, min_size=4, max_size=30).map(b"".join)


class Disk:
    """What of os fails by a plan."""

    def __init__(self, plan: Plan, short_writes: bool) -> None:
        self.plan = plan
        self.short_writes = short_writes
        self.made: Counter[str] = Counter()
        self.failed: set[str] = set()  # since the last pause
        self.pauses = 0

    def install(self) -> None:
        for name in CALLS:
            setattr(os, name, self.failing(name, getattr(os, name)))
        Orders.pause = self.pause

    def failing(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            if name == "write" and arguments[0] in (1, 2):
                return real(*arguments, **options)
            number = self.made[name]
            self.made[name] += 1
            if number in self.plan.get(name, {}):
                asked = f"{name}{arguments[:2]}"
                assert asked not in self.failed, "without a pause"
                self.failed.add(asked)
                raise OSError(self.plan[name][number], "made up")
            if name == "write" and self.short_writes:
                return real(arguments[0], bytes(arguments[1])[: number % 50 + 1])
            return real(*arguments, **options)

        return call

    def pause(self, *_: object) -> None:
        """Nothing here waits."""
        self.failed = set()
        self.pauses += 1
        assert self.pauses < MOST_PAUSES, "it goes on for ever"


def log(source: int, disk: Disk | None = None) -> int:
    """The exit code of a multilog that reads there, in a process of its own."""

    def child() -> int:
        os.dup2(source, 0)
        os.dup2(os.open("/dev/null", os.O_WRONLY), 2)
        if disk is not None:
            disk.install()
        return multilog.main(SCRIPT)

    _, status = os.waitpid(processes.fork(child), 0)
    return os.waitstatus_to_exitcode(status)


def filled(stream: bytes) -> int:
    """A pipe that holds all of it, and has no writer any more."""
    reading, writing = os.pipe()
    assert os.write(writing, stream) == len(stream)
    os.close(writing)
    return reading


@pytest.mark.timeout(30 + CASES * SECONDS_FOR_A_CASE)
def test_no_byte_is_lost_whatever_fails(tmp_path_factory, monkeypatch):
    @settings(max_examples=3 * CASES, phases=PHASES, suppress_health_check=[HealthCheck.too_slow])
    @given(streams, plans, st.booleans())
    def ask(stream: bytes, plan: Plan, short_writes: bool) -> None:
        here: Path = tmp_path_factory.mktemp("disk")
        monkeypatch.chdir(here)
        source = filled(stream)
        try:
            assert log(source, Disk(plan, short_writes)) in (0, 111), "111: it could not begin"
            assert log(source) == 0
        finally:
            os.close(source)
        assert logdirs.logged(here / "log") == stream

    ask()


def test_a_disk_that_loses_is_seen(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = filled(b"a\nb\n")

    class Losing(Disk):
        def failing(self, name, real):
            return (lambda fd, block: len(block)) if name == "write" else real

    log(source, Losing({}, False))
    os.close(source)
    assert logdirs.logged(tmp_path / "log") == b""
