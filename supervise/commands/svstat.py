"""Print the state of services: up or down, which process, for how long, and what is wanted.

svstat services

One line per service directory. What is not as it is set up to be, or is wanted to be, is told too:

    /service/smtpd: up (pid 4711) 86400 seconds
    /service/echo: down 12 seconds, normally up, want up

Exits 0 whatever the states are (as the original does), 111 when it cannot come back to the
directory it was started in.
"""

from __future__ import annotations

import os

from supervise import errors
from supervise.drivers import servicedir
from supervise.unix import files

USAGE = "svstat: usage: svstat services"


def main(argv: list[str]) -> int:
    lines = []
    for path, trouble in servicedir.each(argv):
        words = (
            servicedir.describe()
            if trouble is None
            else f"unable to chdir: {errors.reason(trouble)}"
        )
        lines.append(os.fsencode(f"{path}: {words}\n"))
    try:
        files.write_all(1, b"".join(lines))
    except OSError:
        pass  # as the original: an unread answer changes nothing
    return 0
