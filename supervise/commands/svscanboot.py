"""Run svscan for init, with its messages shown by ps.

svscanboot [ directory ]

The directory is /service unless told otherwise. Services that an svscan of the original package
left behind are told to end; those that one of ours left are taken over as they run. Then it becomes
svscan, in an environment that has PATH only, with standard input from /dev/null, and standard
output and error of everything that has no log shown by ps:

    readproctitle service errors: ...

So TERM stops everything in order.

Exits with the code of svscan, and 111 where the directory cannot be entered or readproctitle cannot
be run, which is said where standard error was.
"""

from __future__ import annotations

import os

import setproctitle

from supervise import complaints, errors, program, search
from supervise.drivers import leftovers
from supervise.unix import descriptors

USAGE = "svscanboot: usage: svscanboot [ directory ]"
DIRECTORY = "/service"
# As the original has it; the directory of our own programs comes before.
PATH = "/command:/usr/local/bin:/usr/local/sbin:/bin:/sbin:/usr/bin:/usr/sbin:/usr/X11R6/bin"


def main(argv: list[str]) -> int:
    descriptors.open_standard()
    directory = argv[0] if argv else DIRECTORY
    with errors.unable_to(f"chdir to {directory}"):
        os.chdir(directory)
    clean_environment()
    leftovers.end()
    complaints.show_in_ps()
    descriptors.move(os.open(os.devnull, os.O_RDONLY), 0)
    return program.become_or_fail(["svscan", os.getcwd()])


def clean_environment() -> None:
    """Services see what init gives them at every boot, not what somebody's shell had."""
    ours = search.directory()
    setproctitle.getproctitle()  # which finds its place while the environment is as we got it
    os.environb.clear()
    os.environ["PATH"] = PATH if ours is None else f"{ours}:{PATH}"
