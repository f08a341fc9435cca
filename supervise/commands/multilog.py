"""Write the lines of standard input to log directories that keep themselves small.

multilog action ...

Each action is known by its first character; what is none is passed over.

    t          (first only) begin each line with its time, as a TAI64N label
    -PATTERN   deselect the line if PATTERN matches it; every line begins selected
    +PATTERN   select it if PATTERN matches it; a star skips to the first of what follows it
    e          copy the line to standard error, 200 bytes at most
    =FILE      keep the line in FILE, 1001 bytes padded with newlines
    sSIZE      bytes in each file of the directories that follow: 4096 to 16777215, 99999 at first
    nNUMBER    files kept in each, `current` included: at least 2, 10 at first
    !COMMAND   run COMMAND in the shell over each file of the directories that follow
    ddelete    remove the oldest files of the directories that follow when their disk is full
    ddrop      drop lines then, and log how many when there is room; `dblock`, as at first: wait
    DIRECTORY  append the line to DIRECTORY/current; begins with a dot or a slash

ALRM rotates every `current` that is not empty. TERM, HUP and INT end at the end of the line.

DIRECTORY/spool has what has been read and is not yet written, so that a kill costs nothing: the
next multilog with that directory goes on.

Exits 0 at the end of input and after TERM, 111 when it cannot begin, and when TERM came while
something could not be written; the next one writes it.
"""

from __future__ import annotations

import os

from supervise import errors, program
from supervise.drivers.intake import Intake, Places
from supervise.drivers.orders import Orders
from supervise.formats import logscript
from supervise.unix import descriptors, files

USAGE = "multilog: usage: multilog action ..."


def main(argv: list[str]) -> int:
    with errors.unable_to("open /dev/null"):
        descriptors.open_standard()
    os.umask(0o022)
    with errors.unable_to("switch to current directory"):
        start = files.open_read(".")
    orders = Orders()
    script = logscript.parse(os.fsencode(word) for word in argv)
    places = Places(script, start, orders, program.execute)
    intake = Intake(script.stamped, places, orders)
    intake.run()
    return errors.TEMPORARY if intake.abandoned else 0
