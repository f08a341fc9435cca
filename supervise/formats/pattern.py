"""multilog's patterns: every byte stands for itself, and a star skips to the first of what follows.

A star never looks back: «*ana» does not match «banana», since it stops at the first «a». So a
pattern is a regular expression without backtracking, and a whole list of selections is one, which
may be tried at the start of each line of a text. Matching byte by byte was not chosen: it costs a
hundred times as much.

Possessive quantifiers would say the same, but before Python 3.11.5 they match what they should not
(CPython issue 106052), and Debian 12 has 3.11.2. They are not needed: what follows a star's class
of bytes is the one byte that the class leaves out, so a shorter match of it fails at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

STAR = ord("*")
REST_OF_LINE = rb"[^\n]*\n"
ALWAYS, NEVER = b"", b"(?!)"


class Choice(NamedTuple):
    """One «+pattern» (selects what is deselected) or «-pattern» (deselects what is selected)."""

    selects: bool
    pattern: bytes


def expression(pattern: bytes) -> bytes:
    """The regular expression that matches at the start of a line exactly when the pattern
    matches the line.

    The line must end with a newline in the text; a star that ends the pattern leaves the rest
    of the line unmatched.
    """
    if b"\n" in pattern:
        return NEVER  # no line contains one
    parts = []
    for place, byte in enumerate(pattern):
        if byte != STAR:
            parts.append(literal(byte))
        elif place + 1 == len(pattern):
            return b"".join(parts)
        else:
            parts.append(skip_to(pattern[place + 1]))
    return b"".join(parts) + rb"\n"


def literal(byte: int) -> bytes:
    return re.escape(bytes([byte]))


def skip_to(byte: int) -> bytes:
    """Skip to the first such byte of the line. A star after a star is looked for, and then stays
    a star."""
    skipped = b"[^\\n" + literal(byte) + b"]*"
    return skipped + b"(?=" + literal(byte) + b")" if byte == STAR else skipped


def condition(choices: Iterable[Choice]) -> bytes:
    """One expression for all choices up to some place in a script: matches nothing, at the start
    of each line that is selected there; ALWAYS and NEVER where no line is needed to know."""
    selected = ALWAYS
    for choice in choices:
        matched = expression(choice.pattern)
        if choice.selects and selected != ALWAYS:
            selected = either(matched, selected)
        elif not choice.selects and selected != NEVER:
            selected = unless(matched, selected)
    return selected


def either(matched: bytes, selected: bytes) -> bytes:
    if matched == ALWAYS:
        return ALWAYS
    ahead = b"(?=" + matched + b")"
    return ahead if selected == NEVER else b"(?:" + ahead + b"|" + selected + b")"


def unless(matched: bytes, selected: bytes) -> bytes:
    return NEVER if matched == ALWAYS else b"(?!" + matched + b")" + selected


class Selection:
    """Which lines are selected at one place of a script."""

    def __init__(self, choices: Iterable[Choice]) -> None:
        self.condition = condition(choices)
        line = self.condition + REST_OF_LINE
        # Neighbouring lines are taken in one match; a line that is deselected takes the second
        # branch, whose group is empty.
        self.lines = re.compile(b"((?:" + line + b")+)|" + REST_OF_LINE)
        self.one = re.compile(self.condition)

    def of(self, text: bytes) -> bytes:
        """The selected lines of a text of whole lines."""
        if self.condition == ALWAYS:
            return text
        if self.condition == NEVER:
            return b""
        return b"".join(self.lines.findall(text))

    def includes(self, line: bytes) -> bool:
        """Whether a line, given without its newline, is selected."""
        return self.one.match(line + b"\n") is not None


def matches(pattern: bytes, line: bytes) -> bool:
    """Whether a pattern matches a line, given without its newline."""
    return re.match(expression(pattern), line + b"\n") is not None
