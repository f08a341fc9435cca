from __future__ import annotations

import errno
import itertools
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from supervise.drivers import storing
from supervise.drivers.storing import Refused
from supervise.formats import envelope
from supervise.unix import processes, signals
from tests.support.mail import DATE, Home

CALLS = (
    "close",
    "fsync",
    "getcwdb",
    "link",
    "mkdir",
    "open",
    "read",
    "sendfile",
    "unlink",
    "write",
)
MESSAGE = b"a line\n" * 30_000
ENVELOPE = envelope.pack(b"s@x", [b"a@y", b"b@y"])
WHOLE = re.compile(
    rb"Return-Path: <s@x>\nDelivered-To: a@y\nDelivered-To: b@y\n"
    rb"Received: \(qmail \d+ invoked by uid \d+\); " + DATE + rb"\n(a line\n){30000}"
)

Trouble = Callable[[], None]


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


class Interposed:
    """`os` with trouble before one of its calls, counted from 0."""

    def __init__(self, step: int, trouble: Trouble) -> None:
        self.step = step
        self.trouble = trouble
        self.count = 0
        self.name = ""

    def install(self) -> None:
        for name in CALLS:
            setattr(os, name, self.counted(name, getattr(os, name)))

    def counted(self, name: str, call: Callable[..., object]) -> Callable[..., object]:
        def interposed(*arguments: object) -> object:
            if not set(arguments[:1]) & set(signals.pipe):
                self.count += 1
                if self.count - 1 == self.step:
                    self.trouble()
            return call(*arguments)

        return interposed


def queue(home: Home, step: int = -1, trouble: Trouble = lambda: None) -> int:
    """The exit code of a queue process that has trouble at a step; negative for a signal."""
    for name, content in [("message", MESSAGE), ("envelope", ENVELOPE)]:
        (home.path / name).write_bytes(content)

    def child() -> int:
        for number, name in enumerate(["message", "envelope"]):
            os.dup2(os.open(home.path / name, os.O_RDONLY), number)
        for sign in storing.NETWORK_SIGNS:
            os.environb.pop(sign, None)
        os.environ["QMAILHOME"] = str(home.path)
        interposed = Interposed(step, trouble)
        interposed.install()
        code = storing.run()
        (home.path / "calls").write_text(str(interposed.count))
        return code

    (home.path / "calls").write_text("unknown")
    return os.waitstatus_to_exitcode(os.waitpid(processes.fork(child), 0)[1])


def steps(home: Home, trouble: Trouble) -> Iterator[tuple[int, list[bytes], list[Path]]]:
    """For trouble before every system call: the exit code, what is in new/, and what in tmp/."""
    for step in itertools.count():
        code = queue(home, step, trouble)
        found, left = [path.read_bytes() for path in home.files("new")], home.files("tmp")
        calls = (home.path / "calls").read_text()
        for path in [*home.files("new"), *left]:
            path.unlink()
        yield code, found, left
        if calls.isdigit() and int(calls) <= step:
            return


def whole(messages: list[bytes]) -> bool:
    return all(WHOLE.fullmatch(message) for message in messages)


def test_a_message_without_trouble(home):
    assert queue(home) == 0
    (message,) = home.messages
    assert WHOLE.fullmatch(message)


def test_everything_is_on_the_disk_before_readers_see_it(home):
    order = home.path / "order"

    def noting(word: str, call: Callable[..., object]) -> Callable[..., object]:
        def noted(*arguments: object) -> object:
            place = arguments[0]
            if isinstance(place, int):
                place = os.readlink(f"/proc/self/fd/{place}")
            with order.open("a") as file:
                file.write(f"{word} {str(place).split('/')[-2]}\n")
            return call(*arguments)

        return noted

    assert queue(home) == 0
    before = {name: getattr(os, name) for name in ("fsync", "link", "unlink")}
    try:
        for name, call in before.items():
            setattr(os, name, noting(name, call))
        assert queue(home) == 0
    finally:
        for name, call in before.items():
            setattr(os, name, call)
    # The file without a name loses its name first; «fsync Maildir» is that of new/.
    assert order.read_text().splitlines() == [
        "unlink tmp", "fsync tmp", "link tmp", "unlink tmp", "fsync Maildir",
    ]  # fmt: skip


def test_a_kill_at_any_moment_leaves_nothing_or_everything(home):
    outcomes = list(steps(home, lambda: os.kill(os.getpid(), signal.SIGKILL)))
    assert len(outcomes) > 20
    assert all(whole(messages) for _, messages, _ in outcomes)
    assert {code for code, _, _ in outcomes} == {0, -9}
    assert all(messages for code, messages, _ in outcomes if code == 0)
    assert any(not messages for _, messages, _ in outcomes)
    assert max(len(left) for _, _, left in outcomes) == 1


def test_an_error_at_any_moment_is_told_by_the_exit_code(home):
    def trouble() -> None:
        raise OSError(errno.EIO, "interposed")

    outcomes = list(steps(home, trouble))
    assert all(whole(messages) for _, messages, _ in outcomes)
    assert {code for code, _, _ in outcomes} == {0, 53, 54, 61, 62, 63, 65, 66}
    # What the client is told to send again is not there already.
    assert all(len(messages) == (code == 0) for code, messages, _ in outcomes)


def test_a_stop_at_any_moment_cleans_up(home):
    outcomes = list(steps(home, lambda: os.kill(os.getpid(), signal.SIGTERM)))
    assert {code for code, _, _ in outcomes} == {0, 71}
    for code, messages, left in outcomes:
        assert (len(messages), left) == (code == 0, [])
        assert whole(messages)


def test_memory_that_ends_at_any_moment_is_told(home):
    def trouble() -> None:
        raise MemoryError

    outcomes = list(steps(home, trouble))
    assert {code for code, _, _ in outcomes} == {0, 51}
    assert all(whole(messages) for _, messages, _ in outcomes)


def source(deadline: float) -> tuple[storing.Source, int, int]:
    reading, writing = os.pipe()
    wakeup, wake = os.pipe()
    return storing.Source(reading, wakeup, deadline), writing, wake


@pytest.fixture
def pipes():
    made = []

    def make(deadline: float = 1e6) -> tuple[storing.Source, int, int]:
        made.append(source(deadline))
        return made[-1]

    yield make
    for subject, writing, wake in made:
        for descriptor in (subject.descriptor, subject.wakeup, writing, wake):
            try:
                os.close(descriptor)
            except OSError:
                pass  # closed by the test


def test_a_source_is_read_to_its_end(pipes):
    subject, writing, _ = pipes()
    os.write(writing, b"all")
    os.close(writing)
    assert list(subject.pieces()) == [b"all"]


def test_a_source_that_takes_too_long(pipes):
    subject, _, _ = pipes(time.monotonic() + 0.01)
    with pytest.raises(Refused) as refused:
        subject.read()
    assert refused.value.code == 52


def test_a_stop_while_a_source_is_silent(pipes):
    subject, writing, wake = pipes()
    os.write(writing, b"more")
    os.write(wake, b"x")
    with pytest.raises(Refused) as refused:
        subject.read()
    assert refused.value.code == 71


def test_a_source_that_cannot_be_read(pipes, tmp_path):
    _, _, wake = pipes()
    folder = os.open(tmp_path, os.O_RDONLY)
    for descriptor in (folder, 1000):
        with pytest.raises(Refused) as refused:
            storing.Source(descriptor, wake, 1e6).read()
        assert refused.value.code == 54
    os.close(folder)


@pytest.mark.parametrize(
    ("environment", "how"),
    [
        ({"TCPREMOTEIP": "1.2.3.4"}, b"from network"),
        ({"PROTO": "TCP"}, b"from network"),
        ({}, b"by uid %d" % os.getuid()),
    ],
)
def test_who_called_us(environment, how, monkeypatch):
    for name in ("TCPREMOTEIP", "PROTO"):
        monkeypatch.delenv(name, raising=False)
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    assert storing.invoker() == how
