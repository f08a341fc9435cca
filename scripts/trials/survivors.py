"""An adversary: a service that ignores TERM, and starts others that do, in its process group, or
forked twice into sessions of their own. Who of them lives a second after `svc -k`?

For the others there is no file `kill-all`; it is put there all the same.
"""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.trials import adversary, processes
from scripts.trials.report import Asked, Report, own_place
from scripts.trials.suites import Suite, run
from scripts.trials.table import exactly
from scripts.trials.tree import Tree, write_script

LIMIT = 1.0  # seconds
ESCAPES = {"in its process group": "group", "in sessions of their own": "session"}


def trial(suite: Suite, asked: Asked, report: Report) -> None:
    for where, escape in ESCAPES.items():
        with own_place() as place:
            tree = Tree(suite, place, 0, 0)
            mark = f"adversary-{place.name}"
            make(tree, mark, escape)
            left = end(tree, mark) if is_complete(tree, mark) else None
            report.put("survivors", f"of {adversary.HELPERS} {where}", left, exactly(0))
            processes.end_all()


def make(tree: Tree, mark: str, escape: str) -> None:
    aside = tree.place / "adversary"
    aside.mkdir()
    if escape == "session":
        (aside / "kill-all").touch()
    write_script(aside / "run", [sys.executable, "-I", "-S", adversary.__file__, escape, mark])
    aside.rename(tree.scan / "adversary")
    tree.start()


def is_complete(tree: Tree, mark: str) -> bool:
    return tree.wait_until(lambda: len(processes.marked(mark)) == adversary.HELPERS + 1)


def end(tree: Tree, mark: str) -> int:
    """Down, and killed; how many are left when it is time."""
    path: Path = tree.scan / "adversary"
    run(tree.suite.down(path))
    run(tree.suite.kill(path))
    processes.within(LIMIT, lambda: not processes.marked(mark))
    return len(processes.marked(mark))
