"""Where a program is: searched as exec searches, and whether what is found is one of ours.

A word is called in place only where the file that exec would take for it is a script of this very
installation.
"""

from __future__ import annotations

import os
import sys

from supervise import registry
from supervise.unix import files

DEFAULT_PATH = b"/bin:/usr/bin"
SCRIPT_SIGN = b"\nfrom supervise.__main__ import main\n"
# Calls a program of the package that is in the directory of the first argument.
DOOR = """\
import sys
root = sys.argv.pop(1)
if root not in sys.path: sys.path.insert(0, root)
sys.argv[0] = root + "/supervise/__main__.py"
from supervise.__main__ import main
main()"""
SCRIPT_HEAD = 1024  # bytes: no script that an installer writes has more before that line


def candidates(name: str) -> list[bytes]:
    """The paths that exec would try for a name, in order."""
    word = os.fsencode(name)
    if b"/" in word:
        return [word]
    path = os.environb.get(b"PATH", DEFAULT_PATH)
    return [(directory or b".") + b"/" + word for directory in path.split(b":")]


def is_in_place(name: str) -> bool:
    """Whether the first file of that name in PATH is a program that `become` would call."""
    for path in candidates(name):
        try:
            if files.exists(path):
                return in_place(name, path)
        except OSError:
            return False  # what a search makes of that is not for us to guess
    return False


def may_be_in_place(name: str) -> bool:
    """Whether any file of that name in PATH is such a program."""
    if os.path.basename(name) not in registry.PROGRAMS:
        return False
    return any(in_place(name, path) for path in candidates(name))


# Asked once, since a process that has dropped its privileges may not be able to look again.
known: dict[bytes, bool] = {}


def in_place(name: str, path: bytes) -> bool:
    """Whether that file is this installation's own script, so that the program can be called
    instead."""
    if os.path.basename(name) not in registry.PROGRAMS or b"SUPERVISE_EXEC" in os.environb:
        return False
    if not path.startswith(b"/"):
        return is_ours(path)
    if path not in known:
        known[path] = is_ours(path)
    return known[path]


def is_ours(path: bytes) -> bool:
    """A script of ours: executable, started by an interpreter of this prefix, calling this
    package's door."""
    if not os.access(path, os.X_OK):
        return False
    try:
        head = files.read_head(path, SCRIPT_HEAD)
    except OSError:
        return False
    return SCRIPT_SIGN in head and interpreter(head).startswith(os.fsencode(sys.prefix + "/bin/"))


def interpreter(head: bytes) -> bytes:
    """The command that a script's head starts: on its first line, or, where that would be too
    long for the kernel, in the shell's line that pip writes instead."""
    first, second, *_ = [*head.split(b"\n"), b""]
    if first == b"#!/bin/sh":
        first = second.removeprefix(b"'''exec' ")
    return first.removeprefix(b"#!").lstrip(b' "')


def directory() -> str | None:
    """The directory that holds our programs' scripts, or None where they are not installed."""
    for folder in (os.path.dirname(os.path.abspath(sys.argv[0])), sys.prefix + "/bin"):
        if is_ours(os.fsencode(folder + "/supervise")):
            return folder
    return None


def command(name: str) -> list[str]:
    """The words that start a program in an interpreter of its own: the script beside the one that
    we were started by, whichever version that belongs to by then, or what is then in the place of
    this package."""
    script = os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), name)
    if is_ours(os.fsencode(script)):
        return [script]
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return [sys.executable, "-P", "-c", DOOR, root, name]
