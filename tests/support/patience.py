"""How long a test waits for a real process: one constant, and no other wait anywhere."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 15.0 * float(os.environ.get("SUPERVISE_TEST_PATIENCE", "1"))
LOOK_AGAIN = 0.005

T = TypeVar("T")


def eventually(condition: Callable[[], T], what: str = "") -> T:
    """The first true answer of a condition; AssertionError when patience ends."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"never came true: {what or condition}; last answer {answer!r}")
        time.sleep(LOOK_AGAIN)
