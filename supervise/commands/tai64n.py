"""Copy standard input to standard output, with the time before each line.

tai64n

The time is a TAI64N label, «@» and 24 hex digits, and a space: when the beginning of the line was
read. What has been read is written at once, the beginning of a line too. Arguments are ignored.

Exits 0 at the end of the input, 111 when it cannot read or write.
"""

from __future__ import annotations

from supervise.drivers import clock, filtering
from supervise.formats import tai64
from supervise.machines.stamper import Stamper

USAGE = "tai64n: usage: tai64n"


def main(argv: list[str]) -> int:
    stamper = Stamper()
    filtering.run(lambda block: stamper.take(block, tai64.label(clock.now().tai) + b" "))
    return 0
