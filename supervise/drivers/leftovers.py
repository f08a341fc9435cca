"""Supervises that outlived the svscan that had started them, and that the next one cannot take over
as they are: those of the originals."""

from __future__ import annotations

import os
import signal

from supervise import errors
from supervise.drivers import abandoned, servicedir


def end() -> None:
    """Tell those of the current directory, and their services, to end.

    They hold the locks, and the pipes of the svscan that was killed; the next one starts another
    where one has ended. Usually there are none, so nothing is said of what cannot be reached.
    """
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # a supervise may leave while we write
    with errors.unable_to("read directory"):
        names = [f"./{name}" for name in os.listdir() if not name.startswith(".")]
    for _, trouble in servicedir.each([*names, *(f"{name}/log" for name in names)]):
        if trouble is None and not abandoned.is_there("."):
            try:
                servicedir.write_control(servicedir.open_control(), b"dx")
            except OSError:
                pass
