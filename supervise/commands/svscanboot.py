"""Run svscan for init, with its messages shown by ps.

svscanboot [ directory ]

The directory is /service unless told otherwise. Services that an svscan left behind are told to
end. Then it becomes svscan, in an environment that has PATH only, with standard input from
/dev/null, and standard output and error of everything that has no log shown by ps:

    readproctitle service errors: ...

So TERM stops everything in order.

Exits with the code of svscan, and 111 where the directory cannot be entered or readproctitle cannot
be run, which is said where standard error was.
"""

from __future__ import annotations

import os
import signal

import setproctitle

from supervise import complaints, errors, program
from supervise.drivers import servicedir
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
    end_leftovers()
    complaints.show_in_ps()
    descriptors.move(os.open(os.devnull, os.O_RDONLY), 0)
    return program.become_or_fail(["svscan", os.getcwd()])


def clean_environment() -> None:
    """Services see what init gives them at every boot, not what somebody's shell had."""
    ours = program.directory()
    setproctitle.getproctitle()  # which finds its place while the environment is as we got it
    os.environb.clear()
    os.environ["PATH"] = PATH if ours is None else f"{ours}:{PATH}"


def end_leftovers() -> None:
    """Tell supervises that outlived their svscan, and their services, to end.

    They hold the locks and have the pipes of the svscan that was killed; ours takes over from each
    as it ends. Usually there are none, so nothing is said of what cannot be reached.
    """
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # a supervise may leave while we write
    with errors.unable_to("read directory"):
        names = [f"./{name}" for name in os.listdir() if not name.startswith(".")]
    for _, trouble in servicedir.each([*names, *(f"{name}/log" for name in names)]):
        if trouble is None:
            try:
                servicedir.write_control(servicedir.open_control(), b"dx")
            except OSError:
                pass
