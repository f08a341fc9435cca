"""Run a supervise for every service directory in a scan directory, and for its log.

svscan [ directory ]

Starts a service the moment its name appears, and a supervise that has ended at once. TERM, INT and
QUIT stop everything in order: services first (TERM, CONT, and KILL after 7 seconds), then their
loggers once they have read all; a second such signal does not wait. HUP looks at the whole
directory again.

Exits 0 when all is stopped, 111 when it cannot enter the directory.
"""

from __future__ import annotations

import os

import setproctitle  # noqa: F401 - loaded here for the whole tree, which shows what it does in ps

from supervise import errors, program, runner
from supervise.drivers import supervisor
from supervise.drivers.scanner import Scanner
from supervise.unix import descriptors

USAGE = "svscan: usage: svscan [ directory ]"


# What every log service calls in place: imported once here, its memory is shared by all of them.
LOGGERS = ["multilog", "setuidgid"]


def main(argv: list[str]) -> int:
    if argv:
        with errors.unable_to(f"chdir to {argv[0]}"):
            os.chdir(argv[0])
    descriptors.open_standard()
    put_our_programs_first()
    program.preload(LOGGERS)
    Scanner(run_supervise).run_until_stopped()
    return 0


def run_supervise(path: str, orders: int) -> int:
    return program.guarded(
        supervisor.PROGRAM, "", lambda: supervisor.supervise(path, runner.run_script, orders)
    )


def put_our_programs_first() -> None:
    """Let a service that says multilog get ours, whatever else the machine has."""
    folder = program.directory()
    path = os.environb.get(b"PATH", program.DEFAULT_PATH)
    if folder is not None and path.split(b":")[0] != os.fsencode(folder):
        os.environb[b"PATH"] = os.fsencode(folder) + b":" + path
