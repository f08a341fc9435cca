"""A service that does all it can to leave somebody behind; run as a program of its own.

    python adversary.py FOLDER KIND NUMBER

It starts so many processes of that kind, each twice forked and in a session of its own, deaf to all
signals that one can be deaf to, with no descriptor open and another name. Each puts a file named by
its number into FOLDER first. The service itself ends at TERM. Kinds:

    quiet     does nothing more
    unmarked  has another environment too, as whoever writes a title over it
    watchful  forks another whenever its child dies
    restless  forks and ends, for ever

None of them outlives the longest test.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable

LONGEST = 60.0  # seconds
BEGUN = time.monotonic()


def end_in_time() -> None:
    if time.monotonic() - BEGUN > LONGEST:
        os._exit(1)


def quiet() -> None:
    while True:
        end_in_time()
        time.sleep(1)


def unmarked() -> None:
    os.execve(sys.executable, ["innocent", "-c", "import time; time.sleep(60)"], {})


def watchful() -> None:
    while True:
        end_in_time()
        child = os.fork()
        if child == 0:
            os.setsid()
            quiet()
        os.waitpid(child, 0)


def restless() -> None:
    while True:
        end_in_time()
        if os.fork():
            os._exit(0)
        os.setsid()


KINDS = {kind.__name__: kind for kind in (quiet, unmarked, watchful, restless)}


def disguise(folder: str) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    with open("/proc/self/comm", "w") as comm:
        comm.write("innocent) S 1")
    os.close(os.open(f"{folder}/{os.getpid()}", os.O_CREAT, 0o600))
    os.closerange(0, 1024)


def leave(folder: str, kind: Callable[[], None]) -> None:
    """A process that is nobody's child."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            disguise(folder)
            kind()
        os._exit(0)
    os.wait()


def main() -> None:
    folder, kind, number = sys.argv[1:]
    for _ in range(int(number)):
        leave(folder, KINDS[kind])
    quiet()


if __name__ == "__main__":
    main()
