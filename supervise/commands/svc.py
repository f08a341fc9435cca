"""Send commands to services: up, down, once, signals, exit.

svc [ options ] services

Each service is the path of its directory; it is sent the commands in the order of the options, each
once. Options:

    -u    up: start it, and start it again whenever it ends
    -d    down: send TERM and CONT, and do not start it again
    -o    once: start it, and do not start it again
    -x    exit: supervise leaves as soon as the service is down
    -p    pause: send STOP
    -c    continue: send CONT
    -h    send HUP
    -a    send ALRM
    -i    send INT
    -t    send TERM
    -k    send KILL, to all of its process group

Exits 0 even where a service could not be reached (a warning says so, as in the original), 100 for
a bad option, 111 when it cannot come back to the directory it was started in.
"""

from __future__ import annotations

import errno
import signal

from supervise import errors, program
from supervise.drivers import servicedir

USAGE = (
    "svc options: u up, d down, o once, x exit, p pause, c continue, "
    "h hup, a alarm, i interrupt, t term, k kill"
)


def main(argv: list[str]) -> int:
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # a supervise may leave while we write
    options = program.Options(argv, "udopchaitkx")
    letters = "".join(dict.fromkeys(letter for letter, _ in options))
    for path, trouble in servicedir.each(options.operands):
        if trouble is not None:
            errors.warn("svc", f"unable to chdir to {path}: {errors.reason(trouble)}")
        else:
            send(path, letters.encode())
    return 0


def send(path: str, letters: bytes) -> None:
    try:
        control = servicedir.open_control()
    except OSError as error:
        running = error.errno != errno.ENXIO
        why = errors.reason(error) if running else "supervise not running"
        errors.warn("svc", f"unable to control {path}: {why}")
        return
    try:
        servicedir.write_control(control, letters)
    except OSError as error:
        errors.warn("svc", f"error writing commands to {path}: {errors.reason(error)}")
