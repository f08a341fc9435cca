"""What is asked of a program on a stage, step by step, while one of its system calls fails.

A program that cannot begin may say so in one line and exit 111; then the next one must find
everything as it was. What has begun goes on. An order that was complained of is given once more.
"""

from __future__ import annotations

import fcntl
import os
import signal
import termios
from collections.abc import Callable
from pathlib import Path

from scripts.trials import ledger, logfiles, processes
from scripts.trials.stage import Gone, Stage, Trouble
from supervise.drivers import scandir
from supervise.formats import status
from supervise.machines.service import RESTART_PAUSE

LINES = 100  # that a service writes at each start
BURST = 300  # lines at once for a logger, with several rotations
SIZE = 4096  # bytes in each file of it
PAUSE = 5.0  # seconds that a logger waits before it tries again

RUN = """#!/bin/sh
n=0
while [ $n -lt {lines} ]; do n=$((n+1)); echo $$ $n; done
exec sleep {mark}
"""
LOG = """#!/bin/sh
exec cat >>../lines
"""

Story = Callable[[Stage], None]


class Service:
    """A service directory on a stage."""

    def __init__(self, stage: Stage, name: str, lines: int = 0) -> None:
        self.stage = stage
        self.path = stage.place / name
        # sleep takes it as a number of seconds, and nobody else has this one
        self.mark = f"1{abs(hash((str(stage.place), name))) % 10**12:012}"
        self.lines = lines

    def make(self, log: bool = False) -> None:
        """Whole at once, as svscan sees it."""
        aside = self.stage.place / f"making-{self.path.name}"
        aside.mkdir()
        write_script(aside / "run", RUN.format(lines=self.lines, mark=self.mark))
        if log:
            (aside / "log").mkdir()
            write_script(aside / "log/run", LOG)
        self.path.parent.mkdir(exist_ok=True)
        aside.rename(self.path)

    def instances(self) -> list[int]:
        found = processes.marked(self.mark)
        if len(found) > 1:
            raise Trouble(f"{len(found)} of {self.path.name}")
        return found

    def status(self) -> status.Status | None:
        try:
            record = (self.path / "supervise/status").read_bytes()
        except FileNotFoundError:
            return None
        return status.unpack(record) if len(record) >= status.SIZE else None

    def is_up(self, other_than: int | None = None) -> bool:
        found, told = self.instances(), self.status()
        return found != [] and found != [other_than] and told is not None and told.pid == found[0]

    def is_down(self) -> bool:
        told = self.status()
        return self.instances() == [] and told is not None and told.pid is None

    def is_paused(self) -> bool:
        return all(
            about is not None and about.state == "T"
            for about in map(processes.stat, self.instances())
        )

    @property
    def pid(self) -> int:
        """As it was last seen."""
        return (self.instances() or [0])[0]

    def tell(self, letters: bytes) -> None:
        try:
            control = os.open(self.path / "supervise/control", os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            raise Trouble(f"{letters!r}: nobody there: {error}") from None
        os.write(control, letters)
        os.close(control)

    def ask(self, letters: bytes, done: Callable[[], bool], due: float = 0.0) -> None:
        """An order, and once more where the first was complained of."""
        before = self.stage.complaints()
        self.tell(letters)
        try:
            self.stage.expect(repr(letters), done, due)
        except Gone:
            raise
        except Trouble:
            if self.stage.complaints() == before:
                raise
            self.tell(letters)
            self.stage.expect(f"{letters!r} again", done, due)


def write_script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def could_not_begin(stage: Stage, gone: Gone) -> bool:
    """Whether it has said why, in one line, and exited 111."""
    fatal = [line for line in stage.complaints().splitlines() if ": fatal: " in line]
    return gone.code == 111 and len(fatal) == 1


def begin(stage: Stage, argv: list[str], what: str, done: Callable[[], bool]) -> bool:
    """Start it traced; whether it has begun, since it may not be able to."""
    stage.start(argv)
    try:
        stage.expect(what, done)
    except Gone as gone:
        if not could_not_begin(stage, gone):
            raise
        return False
    return True


def leave(stage: Stage, code: int = 0) -> None:
    stage.expect("to leave", stage.has_ended)
    if stage.ended != code:
        raise Trouble(f"left with {stage.ended}")


# supervise


def supervise(stage: Stage) -> None:
    service = Service(stage, "a")
    service.make()
    if begin(stage, ["supervise", "a"], "up", service.is_up):
        live(stage, service)
    afterwards(stage, service)


def next_supervise(stage: Stage) -> None:
    """One that adopts what another one has left that was killed."""
    service = Service(stage, "a")
    service.make()
    stage.start(["supervise", "a"], traced=False)
    stage.expect("up", service.is_up)
    pid = service.pid
    processes.kill(stage.pid)
    stage.expect("to be killed", stage.has_ended)

    def is_adopted() -> bool:
        if service.instances() != [pid]:
            raise Trouble(f"{service.instances()}, and was {pid}")
        try:
            os.close(os.open(service.path / "supervise/ok", os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return False
        return service.is_up()

    if begin(stage, ["supervise", "a"], "adopted", is_adopted):
        live(stage, service)
    afterwards(stage, service)


def live(stage: Stage, service: Service) -> None:
    before = service.pid
    service.ask(b"p", service.is_paused)
    service.ask(b"c", lambda: not service.is_paused())
    service.ask(b"t", lambda: service.is_up(other_than=before), RESTART_PAUSE)
    service.ask(b"d", service.is_down)
    service.ask(b"u", service.is_up, RESTART_PAUSE)
    service.ask(b"dx", stage.has_ended)
    leave(stage)


def afterwards(stage: Stage, service: Service) -> None:
    stage.start(["supervise", "a"], traced=False)
    stage.expect("up afterwards", service.is_up)
    service.ask(b"dx", stage.has_ended)
    leave(stage)
    if service.instances():
        raise Trouble("left behind")


# svscan


def svscan(stage: Stage) -> None:
    first, second = Service(stage, "scan/a", LINES), Service(stage, "scan/b")
    first.make(log=True)
    if begin(stage, ["svscan", "scan"], "up", first.is_up):
        scan(stage, first, second)
    stage.start(["svscan", "scan"], traced=False)
    stage.expect("up afterwards", first.is_up, RESTART_PAUSE)
    stop(stage, first, second)
    check_lines(stage.place / "scan/a/lines")


def scan(stage: Stage, first: Service, second: Service) -> None:
    before = first.pid
    second.make()
    polls = "unable to watch directory" in stage.complaints()
    stage.expect("a new one up", second.is_up, scandir.LOOK_AGAIN if polls else 0)
    (killed,) = processes.supervising("supervise", first.path)
    processes.kill(killed)

    def is_replaced() -> bool:
        if first.instances() != [before]:
            raise Trouble(f"{first.instances()}, and was {before}")
        found = processes.supervising("supervise", first.path)
        return found not in ([], [killed])

    stage.expect("the next supervise", is_replaced, RESTART_PAUSE)
    first.tell(b"t")
    stage.expect("restarted", lambda: first.is_up(other_than=before), RESTART_PAUSE)
    stop(stage, first, second)


def stop(stage: Stage, *services: Service) -> None:
    processes.kill(stage.pid, signal.SIGTERM)
    leave(stage)
    for service in services:
        if service.instances():
            raise Trouble(f"{service.path.name} is left")


def check_lines(path: Path) -> None:
    """Each process has written LINES of them."""
    found: dict[bytes, list[bytes]] = {}
    for line in path.read_bytes().splitlines():
        pid, _, number = line.partition(b" ")
        found.setdefault(pid, []).append(number)
    whole = [b"%d" % (number + 1) for number in range(LINES)]
    for pid, numbers in found.items():
        if numbers != whole:
            raise Trouble(f"lines of {pid.decode()}: {len(numbers)}")


# multilog


def multilog(stage: Stage) -> None:
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    argv = ["multilog", "t", f"s{SIZE}", "n1000", "./main"]
    try:
        stage.start(argv, stdin=reading)
        os.write(writing, burst(1))
        written = wait_until_read(stage, reading)
        if written:
            processes.kill(stage.pid, signal.SIGALRM)
        os.write(writing, burst(2))
        os.close(writing)
        writing = -1
        finish(stage)
        stage.start(argv, stdin=reading, traced=False)
        stage.expect("the end of the next one", stage.has_ended)
        if stage.ended:
            raise Trouble(f"the next one: {stage.ended}")
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)
    check_log(stage.place / "main")


def burst(part: int) -> bytes:
    first = (part - 1) * BURST + 1
    return b"".join(ledger.line(1, number) for number in range(first, first + BURST))


def wait_until_read(stage: Stage, reading: int) -> bool:
    """Whether it has begun and read all."""

    def is_read() -> bool:
        return fcntl.ioctl(reading, termios.FIONREAD, bytes(4)) == bytes(4)

    try:
        stage.expect("to read", is_read, pause(stage))
    except Gone as gone:
        if not could_not_begin(stage, gone):
            raise
        return False
    return True


def pause(stage: Stage) -> float:
    return PAUSE  # as it says


def finish(stage: Stage) -> None:
    stage.expect("the end", stage.has_ended, PAUSE)
    if stage.ended not in (0, 111):
        raise Trouble(f"ended with {stage.ended}")


def check_log(directory: Path) -> None:
    account = ledger.Account()
    for path in logfiles.in_order(directory):
        account.read(path.read_bytes(), logfiles.LABEL)
    verdict = account.settle({1: 2 * BURST})
    if verdict.wrong:
        raise Trouble(str(verdict))


STORIES: dict[str, Story] = {
    "supervise": supervise,
    "next supervise": next_supervise,
    "svscan": svscan,
    "multilog": multilog,
}
