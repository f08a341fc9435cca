"""The table of programs: the name a user types, and the module that is it."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as in typing, whose import every start of a program would pay for
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Command(Protocol):
        """What a module in commands/ has."""

        __doc__: str | None
        USAGE: str  # the whole line that a wrong call is answered with
        main: Callable[[list[str]], int]


PROGRAMS: dict[str, str] = {
    "addcr": "addcr",
    "argv0": "argv0",
    "delcr": "delcr",
    "envdir": "envdir",
    "envuidgid": "envuidgid",
    "fghack": "fghack",
    "fixcrio": "fixcrio",
    "mconnect-io": "mconnect_io",
    "multilog": "multilog",
    "pgrphack": "pgrphack",
    "qmail-queue": "qmail_queue",
    "qmail-smtpd": "qmail_smtpd",
    "rblsmtpd": "rblsmtpd",
    "readproctitle": "readproctitle",
    "recordio": "recordio",
    "setlock": "setlock",
    "setuidgid": "setuidgid",
    "softlimit": "softlimit",
    "splogger": "splogger",
    "supervise": "supervise",
    "svc": "svc",
    "svok": "svok",
    "svscan": "svscan",
    "svscanboot": "svscanboot",
    "svstat": "svstat",
    "tai64n": "tai64n",
    "tai64nlocal": "tai64nlocal",
    "tcpclient": "tcpclient",
    "tcprules": "tcprules",
    "tcprulescheck": "tcprulescheck",
    "tcpserver": "tcpserver",
}
# Those that are scripts of the shell, in scripts/installed: pip copies them as they are.
SHELL_PROGRAMS = ("date@", "finger@", "http@", "mconnect", "tcpcat", "who@")


def load(name: str) -> Command:
    """Import the module of a program."""
    path = f"supervise.commands.{PROGRAMS[name]}"
    __import__(path)
    command: Command = sys.modules[path]
    return command
