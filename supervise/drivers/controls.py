"""qmail's control files: read whole from control/ in the home directory."""

from __future__ import annotations

import os

from supervise.formats import controls
from supervise.unix import files

DEFAULT_HOME = b"/var/qmail"
HOME = b"QMAILHOME"


def enter_home() -> None:
    """Go to qmail's home directory, and export its name to the programs we run."""
    os.chdir(os.environb.get(HOME, DEFAULT_HOME))
    os.environb[HOME] = os.getcwdb()


def read(name: str) -> bytes | None:
    """The content of a control file; None where there is none, while other trouble is raised."""
    try:
        return files.read_whole(f"control/{name}")
    except FileNotFoundError:
        return None


def line(name: str) -> bytes | None:
    content = read(name)
    return None if content is None else controls.line(content)


def number(name: str, default: int) -> int:
    """The number in a file, or the default where there is no file or no number in it."""
    content = line(name)
    found = None if content is None else controls.number(content)
    return default if found is None else found


def names(name: str) -> frozenset[bytes] | None:
    content = read(name)
    return None if content is None else controls.names(content)
