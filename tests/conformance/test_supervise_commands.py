"""Every command and the sequences that matter, given to supervise and to the original at once.

All services run side by side, and each is compared with its twin when both have done what they
were told: the original is deaf for a second after each start.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from subprocess import Popen
from typing import NamedTuple

import pytest

from supervise.formats.status import Status
from tests.support import processes, sidebyside, trees
from tests.support.patience import eventually

pytestmark = sidebyside.needs("supervise")

# A step is written in one piece; the next one waits until the effect of the one before is seen.
SEQUENCES: dict[str, list[bytes]] = {
    "down": [b"d"],
    "up while up": [b"u"],
    "once while up": [b"o"],
    "once while up, then it dies": [b"o", b"t"],
    "pause": [b"p"],
    "pause and continue": [b"p", b"c"],
    "pause and down": [b"p", b"d"],
    "pause and term": [b"p", b"t"],
    "pause, term and continue": [b"p", b"t", b"c"],
    "pause and kill": [b"p", b"k"],
    "pause and continue in one": [b"pc"],
    "down and up": [b"d", b"u"],
    "down and up in one": [b"du"],
    "down and once": [b"d", b"o"],
    "down, once, and it dies": [b"d", b"o", b"k"],
    "pause while down, then up": [b"d", b"p", b"u"],
    "continue while down": [b"d", b"c"],
    "signals while down": [b"d", b"haitk", b"d"],
    "hangup": [b"h"],
    "alarm": [b"a"],
    "interrupt": [b"i"],
    "term": [b"t"],
    "kill": [b"k"],
    "unknown": [b"q12w+=Ll\0 \n\xff", b"c"],
    "exit while up": [b"x"],
    "exit while up, then it dies": [b"x", b"t"],
    "exit cannot be undone": [b"x", b"u", b"t"],
    "down and exit": [b"d", b"x"],
    "down and exit in one": [b"dx"],
    "exit and up in one while down": [b"d", b"xu"],
    "up and exit in one while down": [b"d", b"ux"],
    "up and exit in one while down, then it dies": [b"d", b"ux", b"k"],
}
STUBBORN: dict[str, list[bytes]] = {
    "down": [b"d"],
    "down, then up again": [b"d", b"u"],
    "down, then up again, and it dies": [b"d", b"u", b"k"],
    "down and exit": [b"dx"],
    "down and exit, and it dies": [b"dx", b"k"],
}
RUN = "echo >>starts; exec sleep 10000"
DEAF_RUN = "trap '' TERM; echo >>starts; exec sleep 10000"

STATE_COMMANDS = set(b"duopcx")
DEADLY = set(b"dhaitk")

MANY = """\
import os, sys
from supervise import program
from supervise.unix import processes
def supervise(path):
    return lambda: program.run("supervise", [path])
pids = {processes.fork(supervise(path)): path for path in sys.argv[1:]}
while pids:
    pid, status = os.wait()
    with open(pids.pop(pid) + "/exit.new", "w") as file:
        file.write(str(os.waitstatus_to_exitcode(status)))
        os.rename(file.name, file.name.removesuffix(".new"))"""


class Outcome(NamedTuple):
    """What a service has come to, without what differs from run to run."""

    up: bool
    paused: bool
    want: bytes
    stopped: bool  # as the kernel sees it
    starts: int
    exit_code: int | None


class Twin:
    """One service of a pair, and what has been told to it."""

    def __init__(self, service: Path, process: Popen[bytes] | None) -> None:
        self.service = service
        self.process = process  # None: its exit code is left in a file

    def exit_code(self) -> int | None:
        if self.process is not None:
            return self.process.poll()
        file = self.service / "exit"
        return int(file.read_text()) if file.exists() else None

    def outcome(self) -> Outcome:
        record = trees.read(self.service)
        alive = record.pid is not None and not trees.ended(record.pid)
        stopped = alive and processes.state(record.pid or 0) == "T"
        starts = len((self.service / "starts").read_text())
        up = record.pid is not None
        return Outcome(up, record.paused, record.want, stopped, starts, self.exit_code())

    def tell(self, letters: bytes) -> None:
        before, written = trees.read(self.service), self.written()
        trees.control(self.service, letters)
        if STATE_COMMANDS & set(letters):
            eventually(lambda: self.written() != written or self.exit_code() is not None)
        if DEADLY & set(letters) and self.dies(before, letters):
            eventually(lambda: trees.ended(before.pid or 0), f"{letters!r}: {before.pid} ended")

    def written(self) -> int:
        return os.stat(self.service / "supervise/status").st_ctime_ns

    def dies(self, before: Status, letters: bytes) -> bool:
        deaf = "TERM" in (self.service / "run").read_text() and not set(b"k") & set(letters)
        held = before.paused and not set(b"dck") & set(letters)
        return before.pid is not None and not deaf and not held


@pytest.fixture
def pairs(tmp_path, background):
    """For each sequence a service under their supervise and one under ours, both up."""
    made: dict[str, tuple[list[bytes], Twin, Twin]] = {}
    ours: list[str] = []
    wanted = [(name, steps, RUN) for name, steps in SEQUENCES.items()]
    wanted += [(f"deaf: {name}", steps, DEAF_RUN) for name, steps in STUBBORN.items()]
    for number, (name, steps, run) in enumerate(wanted):
        one = trees.make_service(tmp_path / f"theirs{number}", run)
        other = trees.make_service(tmp_path / f"ours{number}", run)
        process = background.start(["/usr/bin/supervise", str(one)])
        made[name] = steps, Twin(one, process), Twin(other, None)
        ours.append(str(other))
    background.start([sys.executable, "-c", MANY, *ours])
    for _, *twins in made.values():
        for twin in twins:
            trees.started(twin.service)
            eventually((twin.service / "starts").exists)
    yield made
    for _, *twins in made.values():
        for twin in twins:
            if twin.exit_code() is None:
                trees.control(twin.service, b"dkx")
    for _, *twins in made.values():
        for twin in twins:
            eventually(lambda twin=twin: twin.exit_code() is not None)


def test_every_sequence_ends_alike(pairs):
    for round_ in range(3):
        for steps, *twins in pairs.values():
            for twin in twins:
                if round_ < len(steps) and twin.exit_code() is None:
                    twin.tell(steps[round_])
    different = []
    for name, (_, theirs, ours) in pairs.items():
        try:
            eventually(lambda a=theirs, b=ours: settled(a) and a.outcome() == b.outcome())
        except AssertionError:
            different.append((name, theirs.outcome(), ours.outcome()))
    assert different == []


def settled(twin: Twin) -> bool:
    """Whether a service that is wanted is there."""
    outcome = twin.outcome()
    return outcome.exit_code is not None or outcome.want != b"u" or outcome.up
