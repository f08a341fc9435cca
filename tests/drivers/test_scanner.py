"""svscan's loop in a fork, over supervises that are only functions."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from supervise.drivers import supervises, supervisor
from supervise.drivers.background import Foreground
from supervise.drivers.scandir import Named, Unnamed
from supervise.drivers.scanner import Scanner
from supervise.machines import scan
from supervise.machines.scaneffects import Identity
from supervise.machines.service import DRAIN_ORDER, STOP_ORDER
from supervise.unix import channels, descriptors, pipes, processes
from tests.support import trees
from tests.support.patience import eventually

MISSING = Identity(0, 1)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "scan").mkdir()
    monkeypatch.chdir(tmp_path / "scan")
    return tmp_path


def in_a_fork(child: Callable[[], object]) -> None:
    """What is asserted in the child fails here too; signals and limits stay its own."""

    def succeed() -> int:
        child()
        return 0

    _, status = os.waitpid(processes.fork(succeed), 0)
    assert status == 0


class Unforked:
    """A SuperviseProcess that is none: it has a number and remembers its orders."""

    numbers = iter(range(10**6, 10**7))

    def __init__(self, name: str, main: Callable[[], int], orders: int) -> None:
        self.name = name
        self.orders = orders
        self.last_word = b""
        self.heard: list[bytes] = []

    def start(self) -> None:
        self.child_pid = next(Unforked.numbers)

    def order(self, letters: bytes, *carried: int) -> None:
        self.heard.append(letters)

    def ended(self, status: int) -> None:
        os.close(self.orders)


@pytest.fixture
def unforked(monkeypatch):
    """A scanner that starts nothing real, made inside the fork that asks for it."""
    monkeypatch.setattr(supervises, "SuperviseProcess", Unforked)
    return lambda: Scanner(lambda path, orders, orphan: 0, [])


def test_more_than_a_thousand_services(unforked):
    for number in range(1500):
        os.mkdir(f"s{number}")

    def child() -> None:
        scanning = unforked()
        scanning.learn(scanning.directory.look_at_everything())
        assert len(scanning.supervises.running) == len(scanning.supervises.owners) == 1500
        assert scanning.deadline() is None

    in_a_fork(child)


def test_a_name_that_is_gone_before_it_is_started(unforked):
    def child() -> None:
        scanning = unforked()
        scanning.learn([Named(MISSING, True)])
        assert (scanning.supervises.running, scanning.scan.entries, scanning.supervises.pipes) == (
            {},
            {},
            {},
        )

    in_a_fork(child)


def test_a_number_that_is_used_again_while_the_dead_are_collected(unforked, monkeypatch):
    """One that is started for the first of the dead may get the number of the second."""
    os.mkdir("a")
    os.mkdir("b")

    def child() -> None:
        scan.RESTART_PAUSE = 0.0
        scanning = unforked()
        scanning.learn(scanning.directory.look_at_everything())
        (first, owner), (second, other) = scanning.supervises.owners.items()
        Unforked.numbers = iter([second, first])
        supervises.processes.reap = lambda: [(first, 0), (second, 0)]
        scanning.note_ends(scanning.supervises.reap())
        assert scanning.supervises.owners == {second: owner, first: other}
        assert set(scanning.supervises.running) == {owner, other}

    in_a_fork(child)


def test_orders_that_cannot_be_given_are_told(here, monkeypatch):
    """A supervise that does not read: its socket fills, and svscan goes on."""
    os.mkdir("a")
    output = os.open(here / "output", os.O_WRONLY | os.O_CREAT, 0o600)

    def child() -> None:
        os.dup2(output, 2)
        scanning = Scanner(lambda path, orders, orphan: signal.pause() or 0, [])
        scanning.learn(scanning.directory.look_at_everything())
        ((owner, supervise),) = scanning.supervises.running.items()
        while scanning.supervises.order(owner, b"k"):
            pass
        os.kill(supervise.child_pid, signal.SIGKILL)
        supervise.ended(os.waitpid(supervise.child_pid, 0)[1])
        assert scanning.supervises.order(owner, b"k"), "one that has ended is no trouble"

    in_a_fork(child)
    os.close(output)
    warning = "svscan: warning: unable to give orders to supervise a: temporary failure\n"
    assert (here / "output").read_text() == warning


def test_a_log_that_appears(unforked):
    os.mkdir("a")

    def child() -> None:
        scanning = unforked()
        scanning.learn(scanning.directory.look_at_everything())
        ((identity, _),) = scanning.supervises.running
        os.mkdir("a/log")
        scanning.learn(scanning.directory.look_at_changes())
        assert set(scanning.supervises.running) == {(identity, "main"), (identity, "log")}
        assert scanning.supervises.running[identity, "main"].heard == [supervisor.STDOUT]
        assert scanning.scan.entries[identity].joined
        scanning.learn([Unnamed(identity)])
        supervises.processes.reap = lambda: [(main, 0)]
        main = scanning.supervises.running[identity, "main"].child_pid
        scanning.note_ends(scanning.supervises.reap())
        assert scanning.supervises.running[identity, "log"].heard == [DRAIN_ORDER]
        assert len(scanning.supervises.pipes[identity]) == 1, "the writing end is closed"

    in_a_fork(child)


def test_orders_that_cannot_be_given_are_given_again(unforked, monkeypatch, capfd):
    os.mkdir("a")

    def order(self: Unforked, letters: bytes, *carried: int) -> None:
        self.heard.append(letters)
        if self.heard.count(letters) < 2:
            raise BlockingIOError(errno.EAGAIN, "made up")

    def child() -> None:
        scan.RETRY_PAUSE = 0.0
        scanning = unforked()
        Unforked.order = order
        scanning.learn(scanning.directory.look_at_everything())
        ((identity, _),) = scanning.supervises.running
        os.mkdir("a/log")
        scanning.learn(scanning.directory.look_at_changes())
        main, log = scanning.supervises.running.values()
        assert not scanning.scan.entries[identity].joined
        scanning.perform(scanning.scan.tick(scanning.scan.deadline))
        assert scanning.scan.entries[identity].joined
        scanning.perform(scanning.scan.stop(0.0))
        scanning.perform(scanning.scan.tick(scanning.scan.deadline))
        assert main.heard == [supervisor.STDOUT] * 2 + [STOP_ORDER] * 2
        supervises.processes.reap = lambda: [(main.child_pid, 0)]
        scanning.note_ends(scanning.supervises.reap())
        scanning.perform(scanning.scan.tick(scanning.scan.deadline))
        assert log.heard == [DRAIN_ORDER] * 2

    in_a_fork(child)


def test_the_descriptors_of_a_supervise(here):
    os.makedirs("a/log")
    (here / "kept").touch()
    kept = os.open(here / "kept", os.O_RDONLY)
    os.set_inheritable(kept, True)
    private = os.open(here / "kept", os.O_RDONLY)

    def run(path: str, orders: int, orphan: object) -> int:
        found = trees.descriptors(os.getpid())
        (here / path.replace("/", "-")).write_text(repr((orders, found)))
        return 0

    def child() -> None:
        scanning = Scanner(run, [])
        scanning.learn(scanning.directory.look_at_everything())
        for supervise in scanning.supervises.running.values():
            assert os.waitpid(supervise.child_pid, 0)[1] == 0

    in_a_fork(child)
    inherited = descriptors.inherited()
    assert kept in inherited
    os.close(kept)
    os.close(private)
    orders, main = eval((here / "a").read_text())
    assert set(main) == {0, 1, 2, orders, *inherited}
    log_orders, log = eval((here / "a-log").read_text())
    assert set(log) == {0, 1, 2, log_orders, *inherited}
    assert main[1] == log[0] != log[1]


def test_a_supervise_that_ends_is_started_again(here):
    os.mkdir("a")

    def run(path: str, orders: int, orphan: object) -> int:
        with open(here / "starts", "a") as starts:
            starts.write(f"{path}\n")
        order, _ = channels.receive(orders)
        return {b"dx": 0, b"": 1}[order]

    def svscan() -> int:
        scan.RESTART_PAUSE = 0.0
        Scanner(run, []).run_until_stopped()
        return 0

    pid = processes.fork(svscan)
    starts = here / "starts"
    eventually(lambda: starts.exists() and starts.read_text() == "a\n")
    (supervise,) = trees.processes.children(pid)
    trees.kill(supervise)
    eventually(lambda: starts.read_text() == "a\na\n")
    os.kill(pid, signal.SIGTERM)
    assert os.waitpid(pid, 0)[1] == 0


def test_a_foreground_waits_for_every_supervise_of_the_beginning(here):
    """Until svscan has looked, and each has let go or ended; not for those that come later."""
    os.mkdir("a")
    os.mkdir("b")
    reading, writing = pipes.make()
    os.set_blocking(reading, False)
    foreground = Foreground(writing)

    def run(path: str, orders: int, orphan: object) -> int:
        if path == "a":
            foreground.let_go()
        (here / path).write_text(str(os.getpid()))
        return len(channels.receive(orders)) - 2

    def svscan() -> int:
        scan.RESTART_PAUSE = 0.0
        Scanner(run, [], foreground).run_until_stopped()
        return 0

    pid = processes.fork(svscan)
    os.close(writing)
    eventually(lambda: (here / "a").exists() and (here / "b").exists())
    with pytest.raises(BlockingIOError):
        os.read(reading, 1)  # b has it
    first = (here / "b").read_text()
    trees.kill(int(first))
    eventually(lambda: (here / "b").read_text() not in ("", first), "b again")
    assert os.read(reading, 1) == b""
    os.close(reading)
    os.kill(pid, signal.SIGTERM)
    assert os.waitpid(pid, 0)[1] == 0
