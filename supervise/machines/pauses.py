"""How long to wait between attempts: longer after each that failed, up to a bound."""

from __future__ import annotations

from collections.abc import Iterator

FIRST, LONGEST = 1.0, 30.0  # seconds


def growing(first: float = FIRST, longest: float = LONGEST) -> Iterator[float]:
    """Seconds, each twice the one before until the bound, for ever."""
    while True:
        yield min(first, longest)
        first = min(first * 2, longest)
