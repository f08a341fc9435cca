"""Every system call that supervise, svscan and multilog make fails once, at each position and with
each error that it can answer.

strace makes the nth call of a name fail, and a story goes on around it: each step has to happen
within two seconds of when it is due. Then another program without a fault must find all as it
should be.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from scripts.trials import injection, processes
from scripts.trials.injection import Fault
from scripts.trials.report import Asked, Report
from scripts.trials.stage import STRACE, Stage, Trouble
from scripts.trials.stories import STORIES
from scripts.trials.suites import OURS, Suite
from scripts.trials.table import exactly
from supervise import registry
from supervise.unix import linux

AT_ONCE = 6  # stories told at the same time: they wait more than they work


class Case(NamedTuple):
    story: str
    fault: Fault | None

    def __str__(self) -> str:
        return f"{self.story}: {self.fault}"


class Outcome(NamedTuple):
    case: Case
    reached: bool  # whether the call was made at all
    trouble: str  # empty where all was right
    said: str
    trace: str


def trial(suite: Suite, asked: Asked, report: Report) -> None:
    """Of ours only: what the others promise of failing calls is not known."""
    if suite is not OURS or not is_there():
        return
    if asked.case is not None:
        story, _, fault = asked.case.partition(": ")
        show(in_worker(Case(story, injection.fault(fault))), report)
        return
    for number, story in enumerate(STORIES):
        until = time.monotonic() + (asked.until - time.monotonic()) / (len(STORIES) - number)
        try_all(story, asked, until, report)


def try_all(story: str, asked: Asked, until: float, report: Report) -> None:
    plain = in_worker(Case(story, None))
    if plain.trouble:
        show(plain, report)
        return
    found = injection.faults(plain.trace)
    asked.dice(story).shuffle(found)
    outcomes = [one for one in sweep([Case(story, fault) for fault in found], until) if one.reached]
    tried = [one.case.fault for one in outcomes if one.case.fault is not None]
    report.put("faults", f"{story}: calls that can fail", injection.positions(found))
    report.put("faults", f"{story}: of these failed", injection.positions(tried))
    report.put("faults", f"{story}: faults injected", len(tried))
    wrong = [one for one in outcomes if one.trouble]
    report.put("faults", f"{story}: of these gone wrong", len(wrong), exactly(0))
    for outcome in wrong:
        show(outcome, report)


def show(outcome: Outcome, report: Report) -> None:
    if outcome.trouble:
        said = outcome.said.strip().replace("\n", "\n    ")
        report.trouble(f"--case '{outcome.case}': {outcome.trouble}\n    {said}")


def is_there() -> bool:
    return os.access(STRACE, os.X_OK)


def tell(case: Case) -> Outcome:
    place = Path(tempfile.mkdtemp(prefix="stage-"))
    stage = Stage(place, case.fault)
    trouble = ""
    try:
        STORIES[case.story](stage)
    except Trouble as found:
        trouble = str(found)
    finally:
        stage.end()
    if "Traceback" in stage.complaints():
        trouble = trouble or "a traceback"
    trace = stage.trace.read_text(errors="replace") if stage.trace.exists() else ""
    reached = case.fault is None or injection.applied(case.fault, trace)
    outcome = Outcome(case, reached, trouble if reached else "", stage.complaints(), trace)
    shutil.rmtree(place)
    return outcome


def prepare() -> None:
    """In each worker: everything imported, orphans ours, and an end when it is told to end."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("supervise", "svscan", "multilog", "setuidgid"):
        registry.load(name)
    linux.become_subreaper()


def in_worker(case: Case) -> Outcome:
    (outcome,) = sweep([case], None)
    return outcome


def sweep(cases: list[Case], until: float | None) -> Iterator[Outcome]:
    """Tell them all, or as many as there is time for; one that went wrong is told once more, since
    the machine may have had no time."""
    context = multiprocessing.get_context("fork")
    try:
        with context.Pool(AT_ONCE, prepare, maxtasksperchild=50) as pool:
            for outcome in pool.imap_unordered(twice, cases):
                yield outcome
                if until is not None and time.monotonic() > until:
                    return
    finally:
        processes.end_all()  # what the workers were about


def twice(case: Case) -> Outcome:
    first = tell(case)
    return tell(case) if first.trouble else first
