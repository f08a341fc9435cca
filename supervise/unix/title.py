"""What ps shows of this process. Whoever imports this pays 20 ms for the library."""

from __future__ import annotations

import os

import setproctitle

from supervise.unix import files

NAME = "/proc/self/comm"  # proc(5): what ps -e and killall call it


def show(title: bytes) -> None:
    """Show this line. The library takes text only, so a byte that is part of none is «?», as which
    ps would show it."""
    text = title.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()
    setproctitle.setproctitle(text)


def shown() -> bytes:
    """The line that is shown now."""
    called = name()
    line = os.fsencode(setproctitle.getproctitle())
    set_name(called)  # which the library changes when it is first asked
    return line


def name() -> bytes:
    """The short name of the process; empty where the kernel does not tell."""
    try:
        return files.read_whole(NAME).removesuffix(b"\n")
    except OSError:
        return b""


def set_name(name: bytes) -> None:
    """Be called that, whatever the library has made of the title."""
    try:
        descriptor = os.open(NAME, os.O_WRONLY)
    except OSError:
        return
    try:
        os.write(descriptor, name)
    except OSError:
        pass  # it is only a name
    finally:
        os.close(descriptor)
