"""The processes of this machine as /proc shows them, and the end of all that are ours."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

LOOK_AGAIN = 0.005  # seconds

Question = Callable[[], bool]


class Stat(NamedTuple):
    """Of /proc/PID/stat what is asked for here."""

    state: str
    parent: int


def read(pid: int, what: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""


def stat(pid: int) -> Stat | None:
    """None of one that has ended, collected or not."""
    fields = read(pid, "stat").rpartition(b")")[2].split()
    if not fields or fields[0] in (b"Z", b"X"):
        return None
    return Stat(fields[0].decode(), int(fields[1]))


def everyone() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def words(pid: int) -> list[bytes]:
    """Of its command line, or of the title that it has given itself."""
    return read(pid, "cmdline").replace(b" ", b"\0").rstrip(b"\0").split(b"\0")


def place(pid: int) -> str:
    """Its current directory; empty where that cannot be told."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def marked(mark: str) -> list[int]:
    """Who lives, at one and the same time, with this word in its command line."""
    sought = os.fsencode(mark)

    def is_one(pid: int) -> bool:
        return sought in words(pid) and stat(pid) is not None

    found = [pid for pid in everyone() if is_one(pid)]
    if len(found) > 1:  # one may have come since the other went
        found = [pid for pid in found if is_one(pid)]
    return found


def supervising(program: str, directory: Path) -> list[int]:
    """Who of that program is over a directory, and not what it has forked just now."""
    found = {}
    for pid in everyone():
        name = os.path.basename(words(pid)[0])
        if name == os.fsencode(program) and place(pid) == str(directory):
            found[pid] = stat(pid)
    return [pid for pid, about in found.items() if about and about.parent not in found]


def kill(pid: int, number: int = signal.SIGKILL) -> bool:
    """Whether it was there."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def within(limit: float, done: Question) -> float | None:
    """The seconds until it was so; None where it was not in time."""
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > limit:
            return None
        time.sleep(LOOK_AGAIN)
    return time.monotonic() - began


def descendants() -> list[int]:
    """Whoever lives below this process."""
    parents = {pid: about.parent for pid in everyone() if (about := stat(pid)) is not None}

    def is_below(pid: int) -> bool:
        while pid in parents and pid != os.getpid():
            pid = parents[pid]
        return pid == os.getpid()

    return [pid for pid in parents if pid != os.getpid() and is_below(pid)]


def end_all(but: Set[int] = frozenset()) -> list[int]:
    """Kill and collect what is left below this process; who that was. This process must be a
    subreaper."""
    left: list[int] = []
    while alive := [pid for pid in descendants() if pid not in but]:
        left += [pid for pid in alive if pid not in left]
        for pid in alive:
            kill(pid)
        time.sleep(LOOK_AGAIN)
        reap(but)
    reap(but)
    return left


@contextmanager
def collecting() -> Iterator[None]:
    """Whatever ends meanwhile and was left to us is collected at once, as init does."""
    over = threading.Event()

    def collect() -> None:
        while not over.is_set():
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                pass
            time.sleep(LOOK_AGAIN)

    thread = threading.Thread(target=collect)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def reap(but: Set[int] = frozenset()) -> None:
    """Collect what has ended and was left to us."""
    for pid in everyone():
        fields = read(pid, "stat").rpartition(b")")[2].split()
        if fields and fields[0] == b"Z" and int(fields[1]) == os.getpid() and pid not in but:
            try:
                os.waitpid(pid, 0)
            except ChildProcessError:
                pass
