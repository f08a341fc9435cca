"""Copy standard input to standard output, with a CR added before each LF.

addcr

A line that ends in CR LF gets a second CR. Arguments are ignored.

Exits 0 at the end of the input, 111 when it cannot read or write.
"""

from __future__ import annotations

from supervise.drivers import filtering
from supervise.formats import crlf

USAGE = "addcr: usage: addcr"


def main(argv: list[str]) -> int:
    filtering.run(crlf.add)
    return 0
