"""The first line of each program's script, where the kernel cannot read it: it knows no spaces in
the place of an interpreter, and no long ones. pip sees to that in its own scripts, and not in ours.
"""

from __future__ import annotations

import sys
from pathlib import Path

LONGEST = 127  # bytes that every Linux reads of the first line; execve(2)


def readable(script: str) -> str:
    """The script, by way of the shell where the kernel could not read its first line; as pip
    writes it, and supervise.search reads it."""
    first, rest = script.split("\n", 1)
    interpreter = first.removeprefix("#!")
    if " " not in interpreter and len(first.encode()) <= LONGEST:
        return script
    return f"#!/bin/sh\n'''exec' \"{interpreter}\" \"$0\" \"$@\"\n' '''\n{rest}"


def main() -> None:
    from supervise.registry import PROGRAMS

    for name in PROGRAMS:
        path = Path(sys.prefix, "bin", name)
        path.write_text(readable(path.read_text()))


if __name__ == "__main__":
    main()
