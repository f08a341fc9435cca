"""A disk of a few megabytes that is filled, and emptied again, under a logger.

It is a tmpfs in a mount namespace of its own: disk.py SUITE POLICY runs there, and prints what it
has found. POLICY is block, which all of them do unless told otherwise, or drop, which is ours.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from scripts.trials import logfiles, logger, processes, writer
from scripts.trials.ledger import Account, Verdict
from scripts.trials.report import Asked, Report
from scripts.trials.suites import OURS, PEERS, STAMPED, Suite
from scripts.trials.table import at_most, exactly
from supervise.unix import linux

SIZE = "3m"
FILLER = 2 << 20  # bytes: what is removed when the disk is emptied
UNSHARE = "/usr/bin/unshare"
TERM_LIMIT, GIVE_UP = 100.0, 5000.0  # milliseconds
FULL_FOR = 1.0  # seconds
PATIENCE = 20.0  # seconds that the last one may take
DROPPED = re.compile(rb"(?:@[0-9a-f]{24} )?multilog: warning: (\d+) lines dropped$")


class Found(NamedTuple):
    gone: float | None  # milliseconds from TERM to the end
    lost: int  # lines
    told: int  # lines that the log says were dropped
    wrong: int  # doubled, torn, out of order

    @property
    def shown(self) -> float | str:
        return "never" if self.gone is None else self.gone


def is_possible() -> bool:
    return os.getuid() == 0 and os.access(UNSHARE, os.X_OK)


def trial(suite: Suite, asked: Asked, report: Report) -> None:
    if not is_possible():
        return
    found = elsewhere(suite, "block")
    limit = at_most(TERM_LIMIT, " ms")
    report.put("full disk", "TERM to gone, in milliseconds", found.shown, limit)
    report.put("full disk", "lines lost", found.lost, exactly(0))
    report.put("full disk", "lines doubled, torn or out of order", found.wrong, exactly(0))
    if suite is OURS and knows_drop():
        found = elsewhere(suite, "drop")
        report.put("full disk", "ddrop: TERM to gone, in milliseconds", found.shown, limit)
        report.put("full disk", "ddrop: lines dropped", found.told)
        told = found.lost - found.told
        report.put("full disk", "ddrop: lines lost and not counted", told, exactly(0))
        report.put("full disk", "ddrop: doubled, torn or out of order", found.wrong, exactly(0))


def knows_drop() -> bool:
    from supervise.formats import logscript

    return hasattr(logscript, "FULL")


def elsewhere(suite: Suite, policy: str) -> Found:
    """Run in a mount namespace."""
    argv = [UNSHARE, "--mount", "--propagation", "private", sys.executable, "-m"]
    argv += ["scripts.trials.disk", suite.name, policy]
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    gone, lost, told, wrong = done.stdout.split()
    return Found(float(gone) if gone != "None" else None, int(lost), int(told), int(wrong))


def inside(suite: Suite, policy: str, disk: Path, tallies: Path) -> Found:
    filler = disk / "filler"
    filler.write_bytes(bytes(FILLER))
    directory = disk / "log"
    argv = suite.logger(directory, STAMPED)
    if policy != "block":
        argv.insert(-1, f"d{policy}")
    reading, writing = os.pipe()
    load = logger.start_writer(tallies, writing)
    os.close(writing)
    first = logger.start(argv, reading)
    processes.within(30, lambda: room(disk) == 0)
    time.sleep(FULL_FOR)
    gone = end(first)
    second = logger.start(argv, reading)
    time.sleep(FULL_FOR)
    filler.unlink()
    time.sleep(FULL_FOR)
    os.close(reading)
    end(load)
    wait_for_end(second)
    verdict, told = judge(directory, writer.written(str(tallies)))
    return Found(gone, verdict.lost, told, verdict.doubled + verdict.torn + verdict.late)


def room(disk: Path) -> int:
    about = os.statvfs(disk)
    return about.f_bavail * about.f_frsize


def end(started: subprocess.Popen[bytes]) -> float | None:
    """Milliseconds that it needs; None where only KILL helps."""
    began = time.monotonic()
    started.terminate()
    try:
        started.wait(GIVE_UP / 1000)
    except subprocess.TimeoutExpired:
        started.kill()
        started.wait()
        return None
    return 1000 * (time.monotonic() - began)


def wait_for_end(started: subprocess.Popen[bytes]) -> None:
    """Of its input; one that stays is killed."""
    try:
        started.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        started.kill()
        started.wait()


def judge(directory: Path, written: dict[int, int]) -> tuple[Verdict, int]:
    account, told = Account(), 0
    for path in logfiles.in_order(directory):
        log = path.read_bytes()
        lines = log.splitlines(keepends=True)
        notices = [found for line in lines if (found := DROPPED.match(line.rstrip(b"\n")))]
        told += sum(int(found[1]) for found in notices)
        kept = [line for line in lines if not DROPPED.match(line.rstrip(b"\n"))]
        account.read(b"".join(kept), logfiles.LABEL)
    return account.settle(written), told


def main(name: str, policy: str) -> None:
    linux.become_subreaper()
    suite = next(one for one in [OURS, *PEERS] if one.name == name)
    place = Path("/mnt")
    subprocess.run(["/usr/bin/mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=True)
    disk, tallies = place / "disk", place / "tallies"
    disk.mkdir()
    tallies.mkdir()
    mount = ["/usr/bin/mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(disk)]
    subprocess.run(mount, check=True)
    try:
        print(*inside(suite, policy, disk, tallies))
    finally:
        processes.end_all()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
