"""Run a program as an account: its user, its primary group, and no other group.

setuidgid account child [ arg ... ]

Nothing else is changed: $HOME and $USER stay as they are.

Exits 100 for wrong usage, 111 for an unknown account or when it may not change to it; otherwise
the child's code.
"""

from __future__ import annotations

from supervise import errors, program
from supervise.unix import accounts

USAGE = "setuidgid: usage: setuidgid account child"


def main(argv: list[str]) -> int:
    account, *child = program.at_least(2, argv)
    entry = accounts.find(account)
    program.preload(child)
    with errors.unable_to("setgid"):
        accounts.set_group(entry.pw_gid)
    with errors.unable_to("setuid"):
        accounts.set_user(entry.pw_uid)
    return program.become_or_fail(child)
