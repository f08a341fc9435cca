"""Run a program with $UID and $GID set to the numbers of an account.

envuidgid account child [ arg ... ]

Nothing but the environment is changed: a child that was started as root uses the two to drop its
privileges itself.

Exits 100 for wrong usage, 111 for an unknown account and when the child cannot be run; otherwise
the child's code.
"""

from __future__ import annotations

import os

from supervise import program
from supervise.unix import accounts

USAGE = "envuidgid: usage: envuidgid account child"


def main(argv: list[str]) -> int:
    account, *child = program.at_least(2, argv)
    entry = accounts.find(account)
    numbers = {b"GID": b"%d" % entry.pw_gid, b"UID": b"%d" % entry.pw_uid}
    return program.become_or_fail(child, {**os.environb, **numbers})
