"""The two time limits of tcpclient's -T, in seconds: «2+58», «5» and «+60»."""

from __future__ import annotations

from supervise.formats import number
from supervise.rawtyping import NamedTuple


class Timeouts(NamedTuple):
    """How long an address is waited for, and how long again when none of the others answered."""

    first: int
    second: int


def parse(text: str) -> Timeouts:
    """What is missing is 0, as is what is no number; whatever follows does not count."""
    rest = text.lstrip(number.DIGITS)
    second = rest[1:] if rest.startswith("+") else ""
    return Timeouts(number.leading(text), number.leading(second))
