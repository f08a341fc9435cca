"""Conversations for tests: one alone, to its end."""

from __future__ import annotations

import time
from typing import TypeVar

from supervise.unix.together import Conversation, Together
from tests.support.patience import PATIENCE

T = TypeVar("T")


def soon(seconds: float = PATIENCE) -> float:
    """A monotonic deadline."""
    return time.monotonic() + seconds


def finish(conversation: Conversation[T]) -> T:
    """What it returns or raises."""
    with Together([conversation]) as together:
        return together.answer(0)
