"""Start a service and restart it whenever it ends; obey svc.

supervise dir

Runs ./run in dir, in a session of its own, at most once a second; keeps
dir/supervise/{lock,control,ok,status}. A file dir/down means: wait to be told. TERM, INT, HUP and
QUIT stop the service and leave. Exits 0 when told to leave, 100 for wrong usage, 111 when it
cannot take the directory.
"""

from __future__ import annotations

import os

from supervise import errors, program
from supervise.drivers.supervisor import Supervisor
from supervise.formats import runscript
from supervise.unix import descriptors, files

USAGE = "supervise: usage: supervise dir"

SCRIPT_LIMIT = 65536  # bytes; a longer run script is left to the shell unread


def main(argv: list[str]) -> int:
    (path,) = program.exactly(1, argv)
    descriptors.open_standard()
    return supervise(path)


def supervise(path: str, orders: int | None = None) -> int:
    with errors.unable_to(f"chdir to {path}"):
        os.chdir(path)
    Supervisor(path, run_script, orders).supervise()
    return 0


def run_script() -> int:
    """Become ./run: in place where it is one plain exec of a program of ours, by exec otherwise."""
    plain = plain_command()
    if plain is None:
        program.execute(b"./run", ["./run"])
    else:
        os.environb[b"PWD"] = os.getcwdb()  # as the shell would have said
        if plain.merge:
            os.dup2(1, 2)
        return program.become([os.fsdecode(word) for word in plain.words])
    raise AssertionError("exec returned")


def plain_command() -> runscript.RunScript | None:
    """The words of ./run where they can be called in place."""
    if not os.access("./run", os.X_OK):
        return None  # exec says what is wrong
    try:
        plain = runscript.parse(files.read_head("./run", SCRIPT_LIMIT))
    except OSError:
        return None
    if plain is None or not program.is_in_place(os.fsdecode(plain.words[0])):
        return None
    return plain
