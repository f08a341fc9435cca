"""Start a service and restart it whenever it ends; obey svc.

supervise dir

Runs ./run in dir, in a session of its own, at most once a second; keeps
dir/supervise/{lock,control,ok,status}. A file dir/down means: wait to be told. A file dir/kill-all
means: after each end of the service kill all that descends from it. TERM, INT, HUP and QUIT, where
they were not ignored at the start, stop the service and leave.

Exits 0 when told to leave, 100 for wrong usage, 111 when it cannot take the directory.
"""

from __future__ import annotations

from supervise import program, runner
from supervise.drivers import supervisor
from supervise.unix import descriptors

USAGE = "supervise: usage: supervise dir"


def main(argv: list[str]) -> int:
    (path,) = program.exactly(1, argv)
    descriptors.open_standard()
    return supervisor.supervise(path, runner.run_script)
