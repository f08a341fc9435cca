"""Kill supervises, svscan, services and loggers at random instants under load, often several at
once, and see what is kept: never two of a service, never none for long, the same process
afterwards, its true exit status, every line.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter

from scripts.trials import processes
from scripts.trials.ledger import Verdict
from scripts.trials.report import NOTHING_WRONG, Asked, Report, own_place
from scripts.trials.suites import OURS, Suite
from scripts.trials.table import exactly
from scripts.trials.tree import Tree
from scripts.trials.writer import exit_code

RATE = 500  # lines a second of each service
NAPS = [0.0, 0.0, 0.001, 0.01, 0.05, 0.3]  # seconds at most between two blows


SUPERVISES = 10  # kills of a supervise for one of svscan


def trial(suite: Suite, asked: Asked, report: Report) -> None:
    with own_place() as place, processes.collecting():
        tree = Tree(suite, place, asked.services, RATE)
        tree.start()
        torment = Torment(tree, asked.dice("kills"))
        tree.heal()
        while not torment.troubles and not asked.is_over and torment.are_left(asked.kills):
            torment.round()
        for left in tree.stop():
            torment.troubles.append(f"left: {left}")
        processes.end_all()
        torment.tell(report, tree.verdict())


class Torment:
    """What was done to a tree, and what was seen."""

    def __init__(self, tree: Tree, dice: random.Random) -> None:
        self.tree = tree
        self.dice = dice
        self.kills: Counter[str] = Counter()
        self.copies = 0  # that had to be ended
        self.others = 0  # services that nobody killed, and that are another process afterwards
        self.longest = 0.0
        self.going: set[int] = set()  # who was told to end
        self.expected: dict[int, set[int]] = {}  # raw wait statuses that are right, by pid
        self.nobody: set[int] = set()  # whose parent was gone, so that nobody can know
        self.troubles: list[str] = []

    def troubled(self, text: str) -> None:
        """Of ours only: the others make no promise."""
        if self.tree.suite is OURS:
            self.troubles.append(text)

    def are_left(self, kills: int) -> bool:
        return self.kills["supervise"] < kills or self.kills["svscan"] < kills // SUPERVISES

    def round(self) -> None:
        """Some blows, then peace until all is well."""
        tree = self.tree
        before = {name: tree.told(name) for name in tree.both}
        self.going.clear()
        self.harmed: set[str] = set()
        self.struck: set[str] = set()  # supervises
        self.hit: dict[int, tuple[str, int]] = {}  # the name of each, and its parent then
        blows = self.dice.randint(1, 4 * len(tree.both) // 3)
        kinds = self.dice.choices(
            ["supervise", "service", "logger", "svscan"], [12, 2, 2, 2], k=blows
        )
        for kind in kinds:
            self.strike(kind, self.dice.choice(tree.both))
            time.sleep(self.dice.choice(NAPS) * self.dice.random())
        svscan_died = tree.svscan.poll() is not None
        if svscan_died:
            tree.start()
        began = time.monotonic()
        if not tree.wait_until(lambda: not any(map(processes.stat, self.going))):
            self.troubles.append(f"{self.going} do not end")
        for name in tree.heal():
            self.troubles.append(f"{name}: {tree.instances(name)}, told {tree.told(name)}")
        self.longest = max(self.longest, time.monotonic() - began)
        self.find_unknown(svscan_died)
        self.compare(before, svscan_died)

    def find_unknown(self, svscan_died: bool) -> None:
        """How one ended nobody can know whose supervise was killed in the same round, and svscan
        too or in an earlier one."""
        for pid, (name, parent) in self.hit.items():
            if name in self.struck and (svscan_died or parent == os.getpid()):
                self.nobody.add(pid)

    def compare(self, before: dict[str, int], svscan_died: bool) -> None:
        for service in self.tree.services if svscan_died else []:
            pair = {service, f"{service}/log"}
            if pair & self.harmed:
                self.harmed |= pair  # nobody may have held their pipe
        for name in self.tree.both:
            now = self.tree.told(name)
            if name not in self.harmed and now != before[name] and before[name]:
                self.others += now != 0
                self.troubled(f"{name} was {before[name]} and is {now}, though nobody touched it")
            for copy in self.tree.instances(name):
                if copy != now:
                    self.copies += 1
                    processes.kill(copy, signal.SIGTERM)

    def strike(self, kind: str, name: str) -> None:
        if kind == "svscan":
            if self.tree.svscan.poll() is None:
                self.tree.svscan.kill()
                self.tree.svscan.wait()
                self.kills[kind] += 1
        elif kind == "supervise":
            self.struck.add(name)
            self.kills[kind] += sum(map(processes.kill, self.tree.supervisors(name)))
        else:
            name = name.partition("/")[0] + ("/log" if kind == "logger" else "")
            self.end(kind, name)

    def end(self, kind: str, name: str) -> None:
        """A logger is killed; a service is, or ends itself with the code that is its own."""
        self.harmed.add(name)
        number = self.dice.choice([signal.SIGKILL, signal.SIGTERM])
        number = signal.SIGKILL if kind == "logger" else number
        for pid in self.tree.instances(name):
            about = processes.stat(pid)
            parent = about.parent if about is not None else 0
            if processes.kill(pid, number):
                self.going.add(pid)
                self.kills[kind] += 1
                self.expected.setdefault(pid, set()).update(self.statuses_of(pid, number))
                self.hit[pid] = name, parent

    def tell(self, report: Report, verdict: Verdict) -> None:
        for kind in ("supervise", "svscan", "service", "logger"):
            report.put("kills", f"of {kind}", self.kills[kind])
        report.put("kills", "instances of one service at most", self.tree.most, exactly(1))
        what = "services that were not touched and are another process"
        report.put("kills", what, self.others, exactly(0))
        report.put("kills", "seconds until all was well, at most", self.longest)
        if self.tree.suite is OURS:
            right, wrong, unknown = self.statuses()
            report.put("kills", "exit statuses that were told", right)
            report.put("kills", "exit statuses that were told wrong", wrong, exactly(0))
            report.put("kills", "exit statuses that nobody could know", unknown)
            # Copies of the others' services write into pipes that nobody reads any more.
            report.put("kills", "lines", verdict.lines)
            what = "lines lost, doubled, torn, out of order"
            report.put("kills", what, verdict.short, exactly(NOTHING_WRONG.short))
        for trouble in self.troubles:
            report.trouble(trouble)

    def statuses_of(self, pid: int, number: int) -> set[int]:
        """What it may end with when it gets this signal."""
        if number == signal.SIGKILL:
            return {signal.SIGKILL}
        listens = (self.tree.tallies / str(pid)).exists()
        return {exit_code(pid) << 8} if listens else {signal.SIGTERM, exit_code(pid) << 8}

    def statuses(self) -> tuple[int, int, int]:
        """How many ends were told as they were, otherwise, and not at all where nobody could."""
        told: dict[int, set[str]] = {}
        for line in self.tree.endings.read_text().splitlines():
            number, status = line.split()
            told.setdefault(int(number), set()).add(status)
        right = wrong = unknown = 0
        for pid, known in self.expected.items():
            found = told.get(pid, set())
            if found == {"None"} and pid in self.nobody:
                unknown += 1
            elif found and found <= set(map(str, known)):
                right += 1
            else:
                wrong += 1
                self.troubles.append(f"{pid} ended with one of {known}, told: {found}")
        return right, wrong, unknown
