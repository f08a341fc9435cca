"""Run scripts whose meaning does not depend on a shell: «#!/bin/sh» and one plain «exec words…».

Such a script can be run without the shell that would only replace itself. Comments, blank lines,
backslash continuations, single and double quotes and a final «2>&1» are understood. Whatever else
a shell might act on, a variable, a pattern, a second command, makes the answer None: let the
shell have it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

FIRST_LINE = b"#!/bin/sh\n"
MERGE = b"2>&1"

# What may stand in a word unquoted: all but blanks, quotes, control bytes and what any shell
# gives a meaning.
PLAIN = rb"[^\x00-\x20\x7f'\"\\$`*?\[\];|&<>()~{}!#]"
PIECE = rb"(?:" + PLAIN + rb"#*|'[^'\x00]*'|\"[^\"\\$`!\x00]*\")"
WORD = re.compile(rb"(?:" + re.escape(MERGE) + rb"|" + PIECE + rb"+)(?=[ \t\n])")
QUOTED = re.compile(rb"'([^']*)'|\"([^\"]*)\"")
BLANK = re.compile(rb"(?:[ \t]|\\\n)*")
SKIPPED_LINE = re.compile(rb"(?:[ \t]*(?:#[^\n]*)?\n)*")


class RunScript(NamedTuple):
    """The words that the script execs, and whether descriptor 2 becomes a copy of 1 first."""

    words: list[bytes]
    merge: bool


def parse(script: bytes) -> RunScript | None:
    """The command of a plain script, or None where a shell is needed."""
    # A backslash at the very end is a word to some shells and nothing to others.
    if not script.startswith(FIRST_LINE) or b"\0" in script or script.endswith(b"\\"):
        return None
    text = script + b"\n" * (not script.endswith(b"\n"))
    words, end = split(text, skip(SKIPPED_LINE, text, len(FIRST_LINE)))
    return command(words) if skip(SKIPPED_LINE, text, end) == len(text) else None


def skip(pattern: re.Pattern[bytes], text: bytes, position: int) -> int:
    """Where a pattern that begins here ends."""
    found = pattern.match(text, position)
    return found.end() if found else position


def split(text: bytes, position: int) -> tuple[list[bytes], int]:
    """The words of one line as written, and where reading stopped."""
    words = []
    while word := WORD.match(text, skip(BLANK, text, position)):
        words.append(word.group())
        position = word.end()
    return words, skip(BLANK, text, position)


def command(words: list[bytes]) -> RunScript | None:
    """What words as written run, where the first is exec and MERGE, if there, the last."""
    merge = words[-1:] == [MERGE]
    first, *rest = words[: len(words) - merge] or [b""]
    if first != b"exec" or not rest or MERGE in rest:
        return None
    argv = [unquote(word) for word in rest]
    # An option of exec, or what might be taken for an assignment.
    return None if argv[0].startswith(b"-") or b"=" in argv[0] else RunScript(argv, merge)


def unquote(word: bytes) -> bytes:
    return QUOTED.sub(lambda quoted: quoted.group(1) or quoted.group(2) or b"", word)
