"""Run a program under another name: its argument 0 is not what it was found by.

argv0 realname program [ arg ... ]

Searches and runs `realname`, which is told that it is called `program`. (A script is never told:
the kernel hands its interpreter the script's path.)

Exits 100 for wrong usage, 111 when the program cannot be run; otherwise the program's code.
"""

from __future__ import annotations

from supervise import program

USAGE = "argv0: usage: argv0 realname program [ arg ... ]"


def main(argv: list[str]) -> int:
    real, called, *arguments = program.at_least(2, argv)
    return program.become_or_fail([real, *arguments], called=called)
