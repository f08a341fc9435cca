"""Kill a logger again and again while lines come, and see what its log directory has of them.

The pipe is held open meanwhile, as svscan does, and the next logger is started at once. The last
one reads to the end.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from scripts.trials import logfiles, writer
from scripts.trials.ledger import Account, Verdict
from scripts.trials.report import NOTHING_WRONG, Asked, Report, own_place
from scripts.trials.suites import FILTERED, KINDS, PLAIN, Suite
from scripts.trials.table import exactly

RATE = 20_000  # lines a second
LONGEST_LIFE = 0.15  # seconds of a logger until it is killed
PATIENCE = 60.0  # seconds that the last one may take


class Result(NamedTuple):
    kills: int
    rate: float  # lines a second that the writer got rid of
    verdict: Verdict


def trial(suite: Suite, asked: Asked, report: Report) -> None:
    for number, kind in enumerate(KINDS):
        share = (asked.until - time.monotonic()) / (len(KINDS) - number)
        until = time.monotonic() + share
        with own_place() as place:
            found = torment(suite, kind, asked.kills, place, asked.dice(f"logger {kind}"), until)
        report.put("logger", f"{kind}: kills", found.kills)
        report.put("logger", f"{kind}: lines", found.verdict.lines)
        report.put("logger", f"{kind}: lines a second", round(found.rate))
        what = f"{kind}: lost, doubled, torn, out of order"
        report.put("logger", what, found.verdict.short, exactly(NOTHING_WRONG.short))


def torment(
    suite: Suite, kind: str, kills: int, place: Path, dice: random.Random, until: float
) -> Result:
    directory, tallies = place / "log", place / "tallies"
    tallies.mkdir()
    argv = suite.logger(directory, kind)
    reading, writing = os.pipe()
    began = time.monotonic()
    load = start_writer(tallies, writing)
    os.close(writing)
    done = 0
    while done < kills and time.monotonic() < until:
        live_and_die(argv, reading, dice)
        done += 1
    load.terminate()
    last = start(argv, reading)
    os.close(reading)
    load.wait(PATIENCE)
    written = writer.written(str(tallies))
    rate = sum(written.values()) / (time.monotonic() - began)
    last.wait(PATIENCE)
    return Result(done, rate, account(directory, kind).settle(written))


def start_writer(tallies: Path, writing: int) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-I", "-S", writer.__file__, str(tallies), str(RATE)]
    return subprocess.Popen(argv, stdout=writing)


def start(argv: list[str], reading: int) -> subprocess.Popen[bytes]:
    """What it says of being killed before is not wanted."""
    return subprocess.Popen(argv, stdin=reading, stderr=subprocess.DEVNULL)


def live_and_die(argv: list[str], reading: int, dice: random.Random) -> None:
    logger = start(argv, reading)
    time.sleep(dice.random() * LONGEST_LIFE)
    logger.kill()
    logger.wait()


def account(directory: Path, kind: str) -> Account:
    found = Account(filtered=kind == FILTERED)
    for path in logfiles.in_order(directory):
        found.read(path.read_bytes(), 0 if kind == PLAIN else logfiles.LABEL)
    return found
