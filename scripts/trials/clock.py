"""A clock that jumps ten years either way, under a logger and under a supervisor.

libfaketime changes what the programs are told of the time, and not how it goes on.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.trials import logger, processes, writer
from scripts.trials.ledger import Verdict
from scripts.trials.report import NOTHING_WRONG, Asked, Report, own_place
from scripts.trials.suites import STAMPED, Suite
from scripts.trials.table import at_most, exactly
from scripts.trials.tree import Tree

LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
JUMPS = ["+3650d", "-3650d", "+0d", "+3650d", "-3650d"]
LULL = 0.2  # seconds between two jumps
LIMIT = 2.0  # seconds until a service that was killed is back


def is_there() -> bool:
    return os.path.exists(LIBRARY)


@contextmanager
def jumping(place: Path) -> Iterator[Path]:
    """Programs that are started meanwhile have the clock that is written to that file."""
    clock = place / "clock"
    jump(clock, "+0d")
    changes = {
        "LD_PRELOAD": LIBRARY,
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    os.environ.update(changes)
    try:
        yield clock
    finally:
        for name in changes:
            del os.environ[name]


def jump(clock: Path, offset: str) -> None:
    aside = clock.with_suffix(".new")
    aside.write_text(f"{offset}\n")
    aside.rename(clock)


def trial(suite: Suite, asked: Asked, report: Report) -> None:
    if not is_there():
        return
    with own_place() as place, jumping(place) as clock:
        verdict = log(suite, place, clock)
        what = "lines lost, doubled, torn, out of order"
        report.put("clock", what, verdict.short, exactly(NOTHING_WRONG.short))
    with own_place() as place, jumping(place) as clock:
        back = supervise(suite, place, clock)
        report.put("clock", "seconds until a killed service is back", back, at_most(LIMIT, " s"))
        processes.end_all()


def log(suite: Suite, place: Path, clock: Path) -> Verdict:
    """Rotate after each jump, and see whether the lines are still in the order of the labels."""
    tallies, directory = place / "tallies", place / "log"
    tallies.mkdir()
    reading, writing = os.pipe()
    started = logger.start(suite.logger(directory, STAMPED), reading)
    os.close(reading)
    with without_library():
        load = logger.start_writer(tallies, writing)
    os.close(writing)
    for offset in JUMPS:
        time.sleep(LULL)
        jump(clock, offset)
        started.send_signal(signal.SIGALRM)
    load.terminate()
    load.wait(logger.PATIENCE)
    started.wait(logger.PATIENCE)
    return logger.account(directory, STAMPED).settle(writer.written(str(tallies)))


@contextmanager
def without_library() -> Iterator[None]:
    kept = os.environ.pop("LD_PRELOAD")
    try:
        yield
    finally:
        os.environ["LD_PRELOAD"] = kept


def supervise(suite: Suite, place: Path, clock: Path) -> float | None:
    """The longest time until a service is there again that was killed after a jump."""
    tree = Tree(suite, place, 1, 100)
    tree.start()
    longest = 0.0
    if not tree.wait_until(lambda: tree.instances("s0") != []):
        return None
    for offset in JUMPS:
        jump(clock, offset)
        before = tree.instances("s0")
        for pid in before:
            processes.kill(pid)

        def is_back(before: list[int] = before) -> bool:
            now = tree.instances("s0")
            return now != [] and not set(now) & set(before)

        began = time.monotonic()
        if not tree.wait_until(is_back, 10 * LIMIT):
            return None
        longest = max(longest, time.monotonic() - began)
    return longest
