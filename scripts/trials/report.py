"""What the trials are asked for, and where they put what they find."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from scripts.trials.ledger import Verdict
from scripts.trials.table import NOTHING_PROMISED, Row, Table, Value, Wanted

NOTHING_WRONG = Verdict()


class Asked(NamedTuple):
    """By the command line; `until` is the monotonic second when a trial should come to its end."""

    seed: int
    kills: int
    services: int
    until: float
    case: str | None  # the one fault to be injected

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.until

    def dice(self, trial: str) -> random.Random:
        return random.Random(f"{self.seed} {trial}")


class Report:
    """The column of one suite in the table."""

    def __init__(self, table: Table, suite: str) -> None:
        self.table = table
        self.suite = suite
        self.troubles: list[str] = []

    def put(self, trial: str, what: str, value: Value, wanted: Wanted = NOTHING_PROMISED) -> None:
        self.table.put(self.suite, Row(trial, what, wanted), value)

    def trouble(self, text: str) -> None:
        self.troubles.append(text)
        print(f"{self.suite}: {text}", flush=True)


@contextmanager
def own_place() -> Iterator[Path]:
    """A directory for a trial, which goes with it."""
    place = Path(tempfile.mkdtemp(prefix="torture-"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
