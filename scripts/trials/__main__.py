"""Torture what supervises and what logs, and print what is kept of the promises.

    scripts/torture [--minutes N] [--seed N] [--only PARTS] [--kills N] [--peer] [--case FAULT]

Without --minutes everything is done in full: 1000 kills of each kind, every fault. With it the time
is shared, and the numbers in the table say how far it went. Parts, of which --only names some:

    kills      supervises, svscan, services and loggers are killed under load, often several at once
    logger     a logger is killed again and again while 20,000 lines come each second
    faults     each system call of supervise, svscan and multilog fails once; needs strace
    disk       a full disk under a logger; needs root
    clock      a clock that jumps ten years either way; needs libfaketime
    restarts   a thousand of them
    survivors  who is left of a service that does not want to end
    rest       wake-ups of a hundred services at rest

--peer does the same to C daemontools, runit and s6 where they are installed (all but the faults),
with a tenth of the kills, and prints all in one table. --case names one fault, as the report of a
failure does. The seed is printed, and repeats the blows, though not what they meet.

Exits 0 where ours keeps all that is wanted, 1 where not. Ctrl-C ends every process that was made.
"""

from __future__ import annotations

import argparse
import platform
import random
import signal
import sys
import time
from collections.abc import Callable

from scripts.trials import (
    clock,
    disk,
    faults,
    kills,
    logger,
    processes,
    rest,
    restarts,
    survivors,
)
from scripts.trials.report import Asked, Report
from scripts.trials.suites import OURS, PEERS, Suite
from scripts.trials.table import Table
from supervise.unix import linux

Trial = Callable[[Suite, Asked, Report], None]

# Each with the part of the time that it gets where that is short.
TRIALS: dict[str, tuple[Trial, float]] = {
    "kills": (kills.trial, 3),
    "logger": (logger.trial, 3),
    "faults": (faults.trial, 4),
    "disk": (disk.trial, 1),
    "clock": (clock.trial, 1),
    "restarts": (restarts.trial, 1),
    "survivors": (survivors.trial, 0.5),
    "rest": (rest.trial, 0.5),
}
FOR_EVER = 24 * 60  # minutes
PEERS_SHARE = 10  # one in so many kills is theirs
PEERS_TIME = 3  # one in so many seconds of ours


def parse(argv: list[str]) -> argparse.Namespace:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("scripts/torture", description=__doc__, formatter_class=raw)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--only", type=parts, default=list(TRIALS), metavar="PARTS")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--services", type=int, default=8)
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--case", metavar="FAULT", help="«svscan: openat#7=EIO»")
    return parser.parse_args(argv)


def parts(text: str) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - TRIALS.keys():
        raise argparse.ArgumentTypeError(f"no such part: {', '.join(sorted(unknown))}")
    return names


def suites(peer: bool) -> list[Suite]:
    """Those that are asked for and there."""
    for suite in PEERS if peer else []:
        for missing in suite.missing():
            print(f"{suite.name}: {missing} is missing")
    return [OURS, *(suite for suite in PEERS if peer and not suite.missing())]


def share(name: str, suite: Suite) -> float:
    """Of the time."""
    whole = TRIALS[name][1]
    if suite is OURS:
        return whole
    return 0 if name == "faults" else whole / PEERS_TIME


def conduct(options: argparse.Namespace) -> int:
    chosen = suites(options.peer)
    table = Table([suite.name for suite in chosen])
    reports = {suite.name: Report(table, suite.name) for suite in chosen}
    minutes = options.minutes or FOR_EVER
    whole = sum(share(name, suite) for name in options.only for suite in chosen)
    for name in options.only:
        trial, _ = TRIALS[name]
        for suite in chosen:
            print(f"{name}: {suite.name}", flush=True)
            asked = Asked(
                options.seed,
                options.kills if suite is OURS else max(1, options.kills // PEERS_SHARE),
                options.services,
                time.monotonic() + 60 * minutes * share(name, suite) / whole,
                options.case,
            )
            trial(suite, asked, reports[suite.name])
    return tell(options.seed, table, reports[OURS.name])


def tell(seed: int, table: Table, ours: Report) -> int:
    print(f"\nseed {seed}, {platform.machine()}, Linux {platform.release()}\n")
    print(table.render())
    broken = table.broken(OURS.name)
    for row in broken:
        print(f"NOT KEPT: {row.part}: {row.what}: {row.wanted.text}")
    if not broken and not ours.troubles:
        print("all is right")
    return 1 if broken or ours.troubles else 0


def stop(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    options = parse(sys.argv[1:])
    linux.become_subreaper()
    signal.signal(signal.SIGTERM, stop)
    try:
        return conduct(options)
    except KeyboardInterrupt:
        return 130
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        processes.end_all()


if __name__ == "__main__":
    sys.exit(main())
