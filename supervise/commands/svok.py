"""Tell by the exit code whether a supervise runs in a service directory.

svok dir

It prints nothing, unless that cannot be found out.

Exits 0 when it does, 100 when it does not or for wrong usage, 111 when that cannot be found out.
"""

from __future__ import annotations

import os

from supervise import errors, program
from supervise.drivers import servicedir

USAGE = "svok: usage: svok dir"


def main(argv: list[str]) -> int:
    path = program.at_least(1, argv)[0]
    with errors.unable_to(f"chdir to {path}"):
        os.chdir(path)
    with errors.unable_to(f"open {path}/{servicedir.OK}"):
        return 0 if servicedir.supervised() else errors.PERMANENT
