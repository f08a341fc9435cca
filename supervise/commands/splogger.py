"""Send the lines of standard input to the system's log.

splogger [ tag [ facility ] ]

Each entry begins with `tag` (default: splogger) and has the time when the line was read, in seconds
and microseconds. Lines that begin with «alert:» or «warning:» have that level, others are
information. The `facility` is a number (default: 2, mail). Unprintable bytes become «?», lines of
more than 799 bytes several entries, of which all but the first have a «+» after the time.

While the system's log cannot be reached a warning says so once; what is lost is counted, and
logged as soon as that is possible.

Exits 0 at the end of the input, 111 when it cannot read, or when the last entries were lost.
"""

from __future__ import annotations

import os
import time

from supervise.drivers import filtering, systemlog
from supervise.drivers.systemlog import SystemLog
from supervise.errors import Failure
from supervise.formats import number, syslog
from supervise.machines.syslogentries import Entries

USAGE = "splogger: usage: splogger [ tag [ facility ] ]"
MAIL = "2"


def main(argv: list[str]) -> int:
    tag, facility, *_ = [*argv, *["splogger", MAIL][len(argv) :]]
    time.tzset()  # called in place, the interpreter began with another environment
    log = SystemLog("splogger", os.fsencode(tag), syslog.facility(number.leading(facility)))
    entries = Entries()
    try:
        while block := filtering.read():
            for entry in entries.take(block, syslog.stamp(time.time_ns())):
                log.put(entry)
        for entry in entries.end():
            log.put(entry)
    finally:
        log.close()
    if log.lost:
        raise Failure(f"unable to write to {systemlog.PATH}: {log.lost} entries lost")
    return 0
