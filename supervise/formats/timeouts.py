"""The two time limits of tcpclient's -T, in seconds: «2+58», «5» and «+60»."""

from __future__ import annotations

import re
from typing import NamedTuple

from supervise.formats import number

PAIR = re.compile(r"([0-9]*)(?:\+([0-9]*))?")


class Timeouts(NamedTuple):
    """How long an address is waited for, and how long again when none of the others answered."""

    first: int
    second: int


def parse(text: str) -> Timeouts:
    """What is missing is 0, as is what is no number; whatever follows does not count."""
    match = PAIR.match(text)
    assert match is not None, "every part of it may be missing"
    first, second = match.groups()
    return Timeouts(number.leading(first), number.leading(second or ""))
