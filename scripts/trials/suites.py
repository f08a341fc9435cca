"""Ours and the others: which programs do what, and how each is told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
BIN = "/usr/bin"
SIZE = 1_000_000  # bytes in each file of a log directory
NUMBER = 100_000  # files, so that none is ever removed

PLAIN, STAMPED, FILTERED = "plain", "stamped", "filtered"
KINDS = [PLAIN, STAMPED, FILTERED]


class Suite(NamedTuple):
    """One of them. `logger` makes the directory what it must be, and gives the command line."""

    name: str
    programs: list[str]  # that must be there
    scanner: Callable[[Path, Path], list[str]]  # of a scan directory; where ends are told
    supervisor: str  # the program that holds a service
    holds_log: bool  # whether one of them holds a service and its log
    stops_in_order: bool  # whether TERM to the scanner ends all, loggers last
    down: Callable[[Path], list[str]]  # what ends a service, and does not start it again
    leave: Callable[[Path], list[str]]  # what ends it and its supervisor
    kill: Callable[[Path], list[str]]
    logger: Callable[[Path, str], list[str]]
    pid: Callable[[Path], int]  # what it says of a service: its process, 0 where there is none

    def missing(self) -> list[str]:
        return [one for one in self.programs if not os.access(one, os.X_OK)]


def our(name: str) -> list[str]:
    return [sys.executable, "-m", "supervise", name]


def run(argv: list[str]) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return done.stdout + done.stderr


def multilog(program: str) -> Callable[[Path, str], list[str]]:
    actions = {PLAIN: [], STAMPED: ["t"], FILTERED: ["t", "-*", "+* * * keep *"]}

    def logger(directory: Path, kind: str) -> list[str]:
        return [program, *actions[kind], f"s{SIZE}", f"n{NUMBER}", str(directory)]

    return logger


def svlogd(directory: Path, kind: str) -> list[str]:
    directory.mkdir(exist_ok=True)
    choice = "-*\n+* * keep *\n" if kind == FILTERED else ""
    (directory / "config").write_text(f"s{SIZE}\nn0\n{choice}")
    return [f"{BIN}/svlogd", *([] if kind == PLAIN else ["-t"]), str(directory)]


def s6_log(directory: Path, kind: str) -> list[str]:
    choice = ["-", "+ keep "] if kind == FILTERED else []
    stamp = [] if kind == PLAIN else ["t"]
    return [f"{BIN}/s6-log", *choice, *stamp, f"s{SIZE}", f"n{NUMBER}", str(directory)]


def at(name: str) -> list[str]:
    return [f"{BIN}/{name}"]


def status_pid(path: Path) -> int:
    """As supervise and runsv tell in a file."""
    try:
        record = (path / "supervise/status").read_bytes()
    except FileNotFoundError:
        return 0
    return int.from_bytes(record[12:16], "little")


def s6_pid(path: Path) -> int:
    told = run([f"{BIN}/s6-svstat", "-o", "pid", str(path)]).strip()
    return int(told) if told.isdigit() else 0


def told(*words: str) -> Callable[[Path], list[str]]:
    """The command that tells a service something."""
    return lambda path: [*words, str(path)]


OURS = Suite(
    "supervise-tools",
    [],
    lambda scan, ends: [sys.executable, "-m", "scripts.trials.telltale", str(ends), str(scan)],
    "supervise",
    False,
    True,
    told(*our("svc"), "-d"),
    told(*our("svc"), "-dx"),
    told(*our("svc"), "-k"),
    multilog(f"{sys.prefix}/bin/multilog"),
    status_pid,
)
DAEMONTOOLS = Suite(
    "daemontools",
    [f"{BIN}/{name}" for name in ("svscan", "supervise", "svc", "svstat", "multilog")],
    lambda scan, ends: [*at("svscan"), str(scan)],
    "supervise",
    False,
    False,
    told(*at("svc"), "-d"),
    told(*at("svc"), "-dx"),
    told(*at("svc"), "-k"),
    multilog(f"{BIN}/multilog"),
    status_pid,
)
RUNIT = Suite(
    "runit",
    [f"{BIN}/{name}" for name in ("runsvdir", "runsv", "sv", "svlogd")],
    lambda scan, ends: [*at("runsvdir"), str(scan)],
    "runsv",
    True,
    False,
    told(*at("sv"), "-w", "0", "down"),
    told(*at("sv"), "-w", "0", "exit"),
    told(*at("sv"), "-w", "0", "kill"),
    svlogd,
    status_pid,
)
S6 = Suite(
    "s6",
    [f"{BIN}/{name}" for name in ("s6-svscan", "s6-supervise", "s6-svc", "s6-svstat", "s6-log")],
    lambda scan, ends: [*at("s6-svscan"), str(scan)],
    "s6-supervise",
    False,
    False,
    told(*at("s6-svc"), "-d"),
    told(*at("s6-svc"), "-dx"),
    told(*at("s6-svc"), "-k"),
    s6_log,
    s6_pid,
)
PEERS = [DAEMONTOOLS, RUNIT, S6]
