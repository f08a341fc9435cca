"""Copy standard input to standard output, with local times for the labels that begin lines.

tai64nlocal

«@4000000037c219bf2ef02e94» becomes «1999-08-24 04:04:05.787492500», by the rules of $TZ. Lines that
begin with anything else, and labels that are no time, are copied as they are. Arguments are
ignored.

Exits 0 at the end of the input, 111 when it cannot read or write.
"""

from __future__ import annotations

import time

from supervise.drivers import filtering
from supervise.formats.localtime import Date
from supervise.machines.translator import Translator

USAGE = "tai64nlocal: usage: tai64nlocal"


def main(argv: list[str]) -> int:
    time.tzset()  # called in place, the interpreter began with another environment
    translator = Translator(local)
    filtering.run(translator.take, translator.end)
    return 0


def local(seconds: int) -> Date | None:
    try:
        return time.localtime(seconds)[:6]
    except (OverflowError, OSError):
        return None  # no year that an int holds
