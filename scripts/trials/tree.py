"""A scan directory under the svscan of a suite, with services that write and loggers that keep."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from scripts.trials import logfiles, processes, writer
from scripts.trials.ledger import Account, Verdict
from scripts.trials.suites import STAMPED, Suite, run

PATIENCE = 60.0  # seconds until what does not come back, or does not end, is given up
PEERS_PATIENCE = 10.0  # seconds: two of their polls
QUIET = 0.5  # seconds without a new line: the loggers have read all


class Tree:
    """Services s0, s1 … each with a log; `most` is how many of one were ever seen at a time."""

    def __init__(self, suite: Suite, place: Path, services: int, rate: float) -> None:
        self.suite = suite
        self.place = place
        self.scan = place / "scan"
        self.tallies = place / "tallies"
        self.endings = place / "endings"
        self.services = [f"s{number}" for number in range(services)]
        self.both = [*self.services, *(f"{name}/log" for name in self.services)]
        self.most = 0
        self.scan.mkdir()
        self.tallies.mkdir()
        self.endings.touch()
        for name in self.services:
            self.make(name, rate)

    # making

    def make(self, name: str, rate: float) -> None:
        aside = self.place / name
        (aside / "log").mkdir(parents=True)
        mark = self.mark(name)
        python = [sys.executable, "-I", "-S", writer.__file__]
        writes = [*python, str(self.tallies), str(rate), mark]
        logger = self.suite.logger(aside / "log/main", STAMPED)
        kept = [str(self.log(name)) if word == str(aside / "log/main") else word for word in logger]
        write_script(aside / "run", writes)
        write_script(aside / "log/run", kept)
        aside.rename(self.scan / name)

    def log(self, name: str) -> Path:
        return self.scan / name / "log/main"

    def mark(self, name: str) -> str:
        """The word that a process of it has in its command line, and nobody else."""
        service, _, log = name.partition("/")
        return str(self.log(service)) if log else f"{self.place.name}-{service}"

    def start(self) -> None:
        with (self.place / "errors").open("ab") as output:
            self.svscan = subprocess.Popen(
                self.suite.scanner(self.scan, self.endings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    # looking

    def instances(self, name: str) -> list[int]:
        found = processes.marked(self.mark(name))
        self.most = max(self.most, len(found))
        return found

    def supervisors(self, name: str) -> list[int]:
        if self.suite.holds_log:
            name = name.partition("/")[0]
        return processes.supervising(self.suite.supervisor, self.scan / name)

    def told(self, name: str) -> int:
        return self.suite.pid(self.scan / name)

    def is_well(self, name: str) -> bool:
        """Whether there is one, and what holds it says so."""
        found = self.instances(name)
        return self.told(name) in found and self.supervisors(name) != []

    def heal(self) -> list[str]:
        """Wait until all is well; what does not get so. Of the others no more is awaited than that
        somebody is there."""
        if not self.suite.stops_in_order:
            self.wait_until(lambda: all(map(self.is_there, self.both)), PEERS_PATIENCE)
            time.sleep(QUIET)  # for a copy that is about to come
            return []
        self.wait_until(lambda: all(map(self.is_well, self.both)))
        return [name for name in self.both if not self.is_well(name)]

    def is_there(self, name: str) -> bool:
        return self.instances(name) != [] and self.supervisors(name) != []

    def wait_until(self, done: processes.Question, limit: float = PATIENCE) -> bool:
        return processes.within(limit, done) is not None

    def verdict(self) -> Verdict:
        account = Account()
        for name in self.services:
            for path in logfiles.in_order(self.log(name)):
                account.read(path.read_bytes(), logfiles.LABEL)
        return account.settle(writer.written(str(self.tallies)))

    # ending

    def stop(self) -> list[int]:
        """End the services, let the loggers read all, and end the rest; who had to be killed of
        those that should have ended with svscan."""
        if self.suite.stops_in_order:
            self.svscan.send_signal(signal.SIGTERM)
            self.wait_until(lambda: self.svscan.poll() is not None)
            return processes.end_all()
        for name in self.services:
            run(self.suite.down(self.scan / name))
        if not self.wait_until(lambda: not any(map(self.instances, self.services)), 10):
            for name in self.services:
                for pid in self.instances(name):
                    processes.kill(pid, signal.SIGTERM)  # a copy that nobody holds
        self.wait_for_loggers()
        processes.end_all()
        return []

    def wait_for_loggers(self) -> None:
        size, since = -1, time.monotonic()
        while time.monotonic() - since < QUIET:
            now = sum(path.stat().st_size for path in self.scan.glob("*/log/main/current"))
            if now != size:
                size, since = now, time.monotonic()
            time.sleep(QUIET / 10)


def write_script(path: Path, words: list[str]) -> None:
    quoted = " ".join(f"'{word}'" if set(word) & set(" *") else word for word in words)
    path.write_text(f"#!/bin/sh\nexec {quoted}\n")
    path.chmod(0o755)
