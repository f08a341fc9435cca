"""A thousand restarts of services that end at once: none is forgotten, none comes twice or too
soon."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

from scripts.trials import processes
from scripts.trials.report import Asked, Report, own_place
from scripts.trials.suites import OURS, Suite
from scripts.trials.table import at_most, exactly
from scripts.trials.tree import Tree

STARTS = 1000
SERVICES = 50
LONGEST = 120.0  # seconds for all of them
SOONEST = 0.5  # seconds from one start to the next, which should be one; scripts may begin late

# The link is there while one of it runs.
RUN = """#!/bin/sh
read -r uptime rest </proc/uptime
ln -s $$ running 2>/dev/null || echo two >>starts
echo $uptime >>starts
rm running
exit 7
"""


def trial(suite: Suite, asked: Asked, report: Report) -> None:
    with own_place() as place:
        tree = Tree(suite, place, 0, 0)
        for number in range(SERVICES):
            make(tree, f"r{number}")
        tree.start()
        began = time.monotonic()
        tree.wait_until(
            lambda: count(tree.scan) >= STARTS or asked.is_over, min(LONGEST, time_for(asked))
        )
        took = time.monotonic() - began
        starts = {path.parent: path.read_text().split() for path in tree.scan.glob("*/starts")}
        processes.end_all()
    number = sum(map(len, starts.values()))
    report.put("restarts", f"of {SERVICES} services", number)
    report.put("restarts", "a second", number / took)
    soon = sum(map(too_soon, starts.values()))
    report.put("restarts", "half a second after the last start", soon, exactly(0))
    two = sum(words.count("two") for words in starts.values())
    report.put("restarts", "while another one ran", two, exactly(0))
    if suite is OURS and number >= STARTS:
        slowest = STARTS / SERVICES * 1.5 + 5
        report.put("restarts", "seconds for all", took, at_most(slowest, " s"))


def time_for(asked: Asked) -> float:
    return max(0.0, asked.until - time.monotonic())


def make(tree: Tree, name: str) -> None:
    aside = tree.place / name
    aside.mkdir()
    (aside / "run").write_text(RUN)
    (aside / "run").chmod(0o755)
    aside.rename(tree.scan / name)


def count(scan: Path) -> int:
    return sum(path.stat().st_size for path in scan.glob("*/starts")) // len("12345.67\n")


def too_soon(words: list[str]) -> int:
    times = [float(word) for word in words if word != "two"]
    return sum(later - earlier < SOONEST for earlier, later in pairwise(times))
