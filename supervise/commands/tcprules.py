"""Compile rules from standard input into the database that tcpserver reads.

tcprules rules.cdb rules.tmp

A rule is ADDRESS:deny or ADDRESS:allow, the latter with settings: 10.0.0.:allow,RELAYCLIENT="".
An address is an IP address, the start of one (10.1. or 2001:db8:), a CIDR range (10.0.0.0/8 or
2001:db8::/32), a range of IPv4 (10.1.2-5.), =HOST, =.DOMAIN, INFO@ADDRESS, INFO@=HOST, or nothing,
which is everybody. Of starts and CIDR ranges the longest counts; of equals the start.
Lines that begin with # are comments. The database is written as rules.tmp and moved into place.

Exits 100 for wrong usage and for a line that is no rule, 111 for trouble; then the database is as
it was.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from supervise import errors, program
from supervise.drivers import rulesdb
from supervise.formats import rules

USAGE = "tcprules: usage: tcprules rules.cdb rules.tmp"


def main(argv: list[str]) -> int:
    path, temporary, *_ = program.at_least(2, argv)
    rulesdb.replace(path, temporary, rules.with_lists(parse(rulesdb.lines(0))))
    return 0


def parse(lines: Iterable[bytes]) -> Iterator[rules.Record]:
    """The records of all lines; those that make none are named."""
    for line in lines:
        if rules.says_nothing(line):
            continue
        text = os.fsdecode(line.rstrip(rules.BLANKS).partition(b"\0")[0])  # as the original
        try:
            records = rules.records(line)
        except ValueError:
            raise errors.Mistake(f"unable to parse this line: {text}") from None
        # The original says nothing, and whoever wrote the line believes it is in force.
        if not records:
            errors.warn("tcprules", f"ignoring this line: {text}")
        yield from records
