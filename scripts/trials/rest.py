"""A hundred services at rest: how often do svscan and the supervisors wake up?"""

from __future__ import annotations

import time

from scripts.trials import processes
from scripts.trials.report import Asked, Report, own_place
from scripts.trials.suites import Suite
from scripts.trials.table import exactly
from scripts.trials.tree import Tree, write_script

SERVICES = 100
CALM = 3.0  # seconds after the last start until it counts
WATCHED, SHORTEST = 60.0, 5.0  # seconds


def trial(suite: Suite, asked: Asked, report: Report) -> None:
    with own_place() as place:
        tree = Tree(suite, place, 0, 0)
        mark = f"1{abs(hash(str(place))) % 10**12:012}"
        for number in range(SERVICES):
            aside = tree.place / "aside"
            aside.mkdir()
            write_script(aside / "run", ["/bin/sleep", mark])
            aside.rename(tree.scan / f"r{number}")
        tree.start()
        if tree.wait_until(lambda: len(processes.marked(mark)) == SERVICES):
            time.sleep(CALM)
            seconds = max(SHORTEST, min(WATCHED, asked.until - time.monotonic()))
            watched = [pid for pid in processes.descendants() if not is_service(pid, mark)]
            before = switches(watched)
            time.sleep(seconds)
            report.put(
                "rest", f"wake-ups with {SERVICES} services", switches(watched) - before, exactly(0)
            )
            report.put("rest", "seconds watched", seconds)
        processes.end_all()


def is_service(pid: int, mark: str) -> bool:
    return mark.encode() in processes.words(pid)


def switches(pids: list[int]) -> int:
    """Voluntary context switches."""
    return sum(
        int(line.split()[1])
        for pid in pids
        for line in processes.read(pid, "status").splitlines()
        if line.startswith(b"voluntary_ctxt_switches")
    )
