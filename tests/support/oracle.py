"""The originals as oracles: whatever a generator thinks of goes through both programs.

SUPERVISE_TEST_CASES says how often each oracle is asked. Ours runs in a fork of a process that has
it imported; the original is spawned. Each pair of answers is a case.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.support import forkserver, processes
from tests.support.patience import PATIENCE
from tests.support.processes import Finished
from tests.support.sidebyside import BASE, empty, listing

CASES = int(os.environ.get("SUPERVISE_TEST_CASES", "30"))
SECONDS_FOR_A_CASE = 0.5  # fifty times what it takes

# A fixture that lasts for a test is enough: every case cleans up what it will look at.
# How long a generator thinks depends on the machine's load.
SUPPRESSED = [
    HealthCheck.function_scoped_fixture,
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
]

PIPE = 2**20  # bytes: what an ordinary user may have
PHASES = [phase for phase in Phase if phase is not Phase.explain]  # which takes minutes here

Test = TypeVar("Test", bound=Callable[..., None])
Start = Callable[["Call", "Streams"], "Running"]


def oracle(test: Test) -> Test:
    """Mark a property that is asked of both programs, CASES times."""
    test = settings(max_examples=CASES, phases=PHASES, suppress_health_check=SUPPRESSED)(test)
    test = pytest.mark.timeout(20 + CASES * SECONDS_FOR_A_CASE)(test)
    return pytest.mark.oracle(test)


class Call(NamedTuple):
    """A program, its arguments, and where it is called."""

    name: str
    argv: tuple[str, ...] = ()
    env: dict[str, str] = BASE
    cwd: Path = Path("/")


class Streams(NamedTuple):
    """What become the standard streams of a program."""

    stdin: int
    stdout: int
    stderr: int


class Running(NamedTuple):
    """A program that was started; `wait` answers the wait status of a pid, or None when it had to
    be killed."""

    pid: int
    wait: Callable[[int, float], int | None]

    def end(self) -> int:
        """Its exit code; it must come to its end."""
        status = self.wait(self.pid, PATIENCE)
        processes.reap_orphans()  # what the one before left behind, lest thousands gather
        assert status is not None, "it does not end"
        return os.waitstatus_to_exitcode(status)


def start_theirs(call: Call, streams: Streams) -> Running:
    """Start the original."""
    actions = [(os.POSIX_SPAWN_DUP2, stream, number) for number, stream in enumerate(streams)]
    with contextlib.chdir(call.cwd):
        pid = os.posix_spawn(
            f"/usr/bin/{call.name}", [call.name, *call.argv], call.env,
            file_actions=actions, setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
        )  # fmt: skip
    return Running(pid, wait)


def start_ours(call: Call, streams: Streams) -> Running:
    """Start ours in a fork."""
    server = forkserver.get()
    pid = server.start(call.name, call.argv, streams, str(call.cwd), call.env)
    return Running(pid, server.wait)


def wait(pid: int, patience: float) -> int | None:
    """The wait status of a child; None where it did not end in time, and was killed."""
    handle = os.pidfd_open(pid)
    ended, _, _ = select.select([handle], [], [], patience)
    os.close(handle)
    if not ended:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return status if ended else None


SIDES = (start_theirs, start_ours)


@contextlib.contextmanager
def memory_streams(stdin: bytes) -> Iterator[Streams]:
    """Streams that are files in memory, of which the first can be read from its beginning."""
    streams = Streams(*(os.memfd_create(name) for name in Streams._fields))
    try:
        os.pwrite(streams.stdin, stdin, 0)
        yield streams
    finally:
        for stream in streams:
            os.close(stream)


def finish(start: Start, call: Call, stdin: bytes) -> Finished:
    """Run one of the two to its end."""
    with memory_streams(stdin) as streams:
        code = start(call, streams).end()
        stdout, stderr = (content(stream) for stream in streams[1:])
    return Finished(code, stdout, stderr)


def content(stream: int) -> bytes:
    return os.pread(stream, os.fstat(stream).st_size, 0)


def unchanged(done: Finished) -> Finished:
    return done


def same(
    name: str,
    *argv: str,
    stdin: bytes = b"",
    plain: Callable[[Finished], Any] = unchanged,
    **where: Any,
) -> Finished:
    """What both do, when it is the same; `plain` leaves out what is not to be compared."""
    call = Call(name, argv, **where)
    original, done = (finish(start, call, stdin) for start in SIDES)
    assert plain(done) == plain(original)
    return original


def same_files(
    folder: Path, prepare: Callable[[Path], object], name: str, *argv: str, stdin: bytes = b"",
    plain: Callable[[Finished], Any] = unchanged, **where: Any,
) -> Finished:  # fmt: skip
    """The same, for what both also leave in a directory, which is prepared for each."""
    call = Call(name, argv, cwd=folder, **where)
    outcomes = []
    for start in SIDES:
        prepare(empty(folder))
        done = finish(start, call, stdin)
        outcomes.append((plain(done), listing(folder)))
    assert outcomes[1] == outcomes[0]
    return done


class Heard(NamedTuple):
    """What came of a program and all that it left behind."""

    pid: int
    code: int
    stdout: bytes
    stderr: bytes


def hear(start: Start, call: Call, stdin: int) -> Heard:
    """Run one of the two, and what it leaves behind, to their ends; its output must fit into
    pipes. The input is a descriptor."""
    (out, their_out), (err, their_err) = os.pipe(), os.pipe()
    for end in (their_out, their_err):
        fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, PIPE)
    running = start(call, Streams(stdin, their_out, their_err))
    os.close(their_out)
    os.close(their_err)
    code = running.end()
    stdout, stderr = read_until(out, -1, b"$"), read_until(err, -1, b"$")
    os.close(out)
    os.close(err)
    return Heard(running.pid, code, stdout, stderr)


def talk(start: Start, call: Call, turns: list[bytes], marker: bytes) -> list[bytes]:
    """What a filter has written after each turn, and after the end of its input.

    The marker ends each turn. It is a byte that the filter neither changes nor holds back, so that
    its echo shows that all before it has been worked on.
    """
    to_child, from_child = os.pipe(), os.pipe()
    with memory_streams(b"") as streams:
        running = start(call, Streams(to_child[0], from_child[1], streams.stderr))
        os.close(to_child[0])
        os.close(from_child[1])
        answers = []
        for turn in turns:
            os.write(to_child[1], turn + marker)
            answers.append(read_until(from_child[0], 1 + turn.count(marker), marker))
        os.close(to_child[1])
        answers.append(read_until(from_child[0], -1, marker))
        os.close(from_child[0])
        assert running.end() == 0
        assert content(streams.stderr) == b""
    return answers


def read_until(stream: int, markers: int, marker: bytes) -> bytes:
    """Read until so many markers have come, or until the end."""
    answer = b""
    while answer.count(marker) != markers:
        ready, _, _ = select.select([stream], [], [], PATIENCE)
        assert ready, f"nothing comes after {answer!r}"
        block = os.read(stream, 65536)
        if not block:
            return answer + b"[EOF]"
        answer += block
    return answer
