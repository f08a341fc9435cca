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
WORD = re.compile(PIECE + rb"+(?=[ \t\n]|$)")
QUOTED = re.compile(rb"'([^']*)'|\"([^\"]*)\"")
BLANK = re.compile(rb"(?:[ \t]|\\\n)*")
SKIPPED_LINE = re.compile(rb"(?:[ \t]*(?:#[^\n]*)?\n)*")


class RunScript(NamedTuple):
    """The words that the script execs, and whether descriptor 2 becomes a copy of 1 first."""

    words: list[bytes]
    merge: bool


def parse(script: bytes) -> RunScript | None:
    """The command of a plain script, or None where a shell is needed."""
    if not script.startswith(FIRST_LINE) or b"\0" in script:
        return None
    text = script + b"\n" * (not script.endswith(b"\n"))
    start = SKIPPED_LINE.match(text, len(FIRST_LINE))
    words, end = split(text, start.end() if start else 0)
    rest = SKIPPED_LINE.match(text, end)
    if rest is None or rest.end() != len(text):
        return None
    return command(words)


def split(text: bytes, position: int) -> tuple[list[bytes], int]:
    """The words of one line as written, and where reading stopped."""
    words = []
    while True:
        blank = BLANK.match(text, position)
        position = blank.end() if blank else position
        if text.startswith(MERGE + b"\n", position):
            words.append(MERGE)
            return words, position + len(MERGE)
        word = WORD.match(text, position)
        if word is None:
            return words, position
        words.append(word.group())
        position = word.end()


def command(words: list[bytes]) -> RunScript | None:
    merge = words[-1:] == [MERGE]
    first, *rest = words[: len(words) - merge] or [b""]
    if first != b"exec" or not rest or rest[0].startswith(b"-") or b"=" in rest[0]:
        return None
    return RunScript([unquote(word) for word in rest], merge)


def unquote(word: bytes) -> bytes:
    return QUOTED.sub(lambda quoted: quoted.group(1) or quoted.group(2) or b"", word)
