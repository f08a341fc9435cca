"""A service that does not want to end: adversary.py group|session MARK. Everything ignores TERM;
`session` forks its helpers twice, into sessions of their own."""

from __future__ import annotations

import os
import signal
import sys

HELPERS = 10


def main(escape: str) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    for _ in range(HELPERS):
        if os.fork() == 0:
            if escape == "session":
                os.setsid()
                if os.fork():
                    os._exit(0)
                os.setsid()
            break
    while True:
        signal.pause()


if __name__ == "__main__":
    main(sys.argv[1])
