"""What the child of a supervise does: become ./run, without a shell where that makes no
difference."""

from __future__ import annotations

import os

from supervise import program, search
from supervise.formats import runscript
from supervise.unix import files

SCRIPT_LIMIT = 65536  # bytes; a longer run script is left to the shell


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
        script = files.read_head("./run", SCRIPT_LIMIT + 1)
    except OSError:
        return None
    plain = runscript.parse(script) if len(script) <= SCRIPT_LIMIT else None
    if plain is None or not search.is_in_place(os.fsdecode(plain.words[0])):
        return None
    return plain
