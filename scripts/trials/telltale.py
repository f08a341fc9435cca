"""svscan, of which every supervise tells how its service has ended: telltale.py ENDINGS SCANDIR.

What supervise learns of an end shows nowhere else, so each is a line `PID STATUS` in the file
ENDINGS: the raw wait status, or None where nobody knew it.
"""

from __future__ import annotations

import os
import sys

from supervise import program
from supervise.drivers.supervisor import Supervisor


def tell_of_ends(place: str) -> None:
    learn = Supervisor.child_ended

    def learn_and_tell(supervisor: Supervisor, status: int | None) -> None:
        told = os.open(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(told, f"{supervisor.service.pid} {status}\n".encode())
        os.close(told)
        learn(supervisor, status)

    setattr(Supervisor, "child_ended", learn_and_tell)  # noqa: B010 - nobody else may do so


if __name__ == "__main__":
    tell_of_ends(sys.argv[1])
    sys.exit(program.run("svscan", sys.argv[2:]))
