"""Copy standard input to standard output, with one CR removed before each LF.

delcr

Any other CR is kept, one at the end of the input included. Arguments are ignored.

Exits 0 at the end of the input, 111 when it cannot read or write.
"""

from __future__ import annotations

from supervise.drivers import filtering
from supervise.formats import crlf

USAGE = "delcr: usage: delcr"


def main(argv: list[str]) -> int:
    lines = crlf.Remover()
    filtering.run(lines.feed, lines.end)
    return 0
