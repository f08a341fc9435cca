from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from supervise.drivers import queue
from supervise.drivers.queue import Queue
from supervise.unix import processes
from tests.support.patience import eventually
from tests.support.processes import state


@pytest.fixture(autouse=True)
def without_sigpipe():
    before = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGPIPE, before)


def read_all(descriptor: int) -> bytes:
    blocks = []
    while block := os.read(descriptor, 65536):
        blocks.append(block)
    return b"".join(blocks)


def taking_everything(path: Path) -> Callable[[], int]:
    def child() -> int:
        for descriptor in queue_pipes():
            os.close(descriptor)
        message, envelope = read_all(0), read_all(1)
        path.write_bytes(message + b"|" + envelope)
        return 0 if envelope else 54

    return child


def queue_pipes() -> list[int]:
    """What a program that is not exec'ed has to close itself."""
    names = os.listdir("/proc/self/fd")
    open_ = [int(name) for name in names if os.path.lexists(f"/proc/self/fd/{name}")]
    return [number for number in open_ if number > 2 and not os.get_inheritable(number)]


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_message_and_its_envelope(tmp_path):
    before = open_descriptors()
    subject = Queue(taking_everything(tmp_path / "taken"))
    for piece in [b"Received: x\n", b"a" * 100_000, b"b"]:
        subject.store(piece)
    assert subject.commit(b"Fs\0\0") is None
    assert (tmp_path / "taken").read_bytes() == b"Received: x\n" + b"a" * 100_000 + b"b|Fs\0\0"
    assert open_descriptors() == before
    assert state(subject.pid) == "gone"


def test_an_abandoned_message_has_no_envelope(tmp_path):
    before = open_descriptors()
    subject = Queue(taking_everything(tmp_path / "taken"))
    subject.store(b"a" * 100_000)
    subject.store(b"not handed over yet")
    subject.abandon()
    assert (tmp_path / "taken").read_bytes() == b"a" * 100_000 + b"|"
    assert open_descriptors() == before
    assert state(subject.pid) == "gone"


def test_small_pieces_are_written_together(monkeypatch):
    writes = []
    monkeypatch.setattr(queue.files, "write_all", lambda fd, data: writes.append(len(data)))
    subject = Queue(lambda: 0)
    for _ in range(queue.GATHER + 1):
        subject.store(b"x")
    assert writes == [queue.GATHER]
    subject.abandon()


@pytest.mark.parametrize(
    ("code", "reply"), [(0, b"451 qq read error (#4.3.0)"), (31, queue.queueexit.REPLIES[31])]
)
def test_a_program_that_takes_nothing(code, reply):
    subject = Queue(lambda: code)
    for _ in range(10):
        subject.store(bytes(100_000))
    assert subject.commit(b"Fs\0\0") == reply


def test_a_program_that_takes_the_message_and_not_the_envelope():
    def child() -> int:
        for descriptor in queue_pipes():
            os.close(descriptor)
        os.close(1)
        read_all(0)
        return 0

    subject = Queue(child)
    subject.store(b"message")
    assert subject.commit(b"F" + bytes(200_000)) == b"451 qq read error (#4.3.0)"


def test_a_program_that_is_killed():
    def child() -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return 0

    assert Queue(child).commit(b"F\0\0") == b"451 qq crashed (#4.3.0)"


def test_a_program_that_leaves_somebody_behind(tmp_path):
    """Who still holds the program's descriptor 6 does not keep us waiting."""

    def child() -> int:
        held = os.fork()
        if held == 0:
            signal.pause()
        (tmp_path / "held").write_text(str(held))
        os.write(6, b"Dgone")
        return 82

    assert Queue(child).commit(b"F\0\0") == b"554 gone"
    held = int((tmp_path / "held").read_text())
    assert state(held) not in ("Z", "gone")
    os.kill(held, signal.SIGKILL)
    eventually(lambda: state(held) in ("Z", "gone"))


def test_words_that_come_piece_by_piece():
    def child() -> int:
        for piece in (b"D", b"one ", b"two"):
            os.write(6, piece)
        return 82

    assert Queue(child).commit(b"F\0\0") == b"554 one two"


def test_a_program_that_closes_its_words_and_goes_on(tmp_path):
    """Its end is waited for all the same."""

    def child() -> int:
        for descriptor in queue_pipes():
            os.close(descriptor)
        os.close(6)
        read_all(0)
        (tmp_path / "taken").write_bytes(read_all(1))
        return 0

    assert Queue(child).commit(b"F\0\0") is None
    assert (tmp_path / "taken").read_bytes() == b"F\0\0"


def test_more_words_than_a_pipe_holds():
    def child() -> int:
        os.write(6, b"D" + b"w" * 300_000)
        return 82

    assert Queue(child).commit(b"F\0\0") == b"554 " + b"w" * 254


@pytest.mark.parametrize("occupied", [0, 1, 2, 3, 4, 5, 6, 7])
def test_the_pipes_may_have_any_numbers(occupied):
    """Whichever pipe end is number 6 in the parent, the child finds its three where they belong."""
    spare = [os.open("/dev/null", os.O_RDONLY) for _ in range(occupied)]

    def child() -> int:
        for descriptor in queue_pipes():
            os.close(descriptor)
        os.write(6, b"D" + read_all(0) + read_all(1))
        return 82

    def in_fresh_process() -> int:
        """A process with nothing open above 2 but `spare`, so that the pipes come next."""
        kept = os.dup2(spare[0], 3) if spare else None
        os.closerange(3 if kept is None else 4, 200)
        for number in range(4, 3 + occupied):
            os.dup2(3, number, inheritable=False)
        subject = Queue(child)
        subject.store(b"message,")
        return 0 if subject.commit(b"envelope") == b"554 message,envelope" else 1

    pid = processes.fork(in_fresh_process)
    assert os.waitpid(pid, 0)[1] == 0
    for descriptor in spare:
        os.close(descriptor)


def test_no_more_processes(monkeypatch):
    before = open_descriptors()

    def refuse(child: object) -> int:
        raise BlockingIOError(11, "fork")

    monkeypatch.setattr(queue.processes, "fork", refuse)
    with pytest.raises(BlockingIOError):
        Queue(lambda: 0)
    assert open_descriptors() == before


def test_no_descriptor_for_the_end_of_the_program(monkeypatch):
    before = open_descriptors()

    def refuse(pid: int) -> int:
        raise OSError(24, "pidfd")

    monkeypatch.setattr(queue.os, "pidfd_open", refuse)
    with pytest.raises(OSError, match="pidfd"):
        Queue(lambda: 0)
    assert open_descriptors() == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_no_more_descriptors(monkeypatch):
    before = open_descriptors()
    pipes = iter([os.pipe()])

    def few() -> tuple[int, int]:
        for pipe in pipes:
            return pipe
        raise OSError(24, "pipe")

    monkeypatch.setattr(queue.os, "pipe", few)
    with pytest.raises(OSError, match="pipe"):
        Queue(lambda: 0)
    assert open_descriptors() == before
