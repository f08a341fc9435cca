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
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

STAR = ord("*")
REST_OF_LINE = rb"[^\n]*\n"
ALWAYS, NEVER = b"", b"(?!)"
NESTED = 40  # alternations between «+» and «-» in one expression; the compiler is recursive


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
    for selects, run in runs(choices):
        matched = any_of(run)
        if selects and selected != ALWAYS:
            selected = either(matched, selected)
        elif not selects and selected != NEVER:
            selected = unless(matched, selected)
    return selected


def runs(choices: Iterable[Choice]) -> list[tuple[bool, list[bytes]]]:
    """The patterns of neighbouring choices of one sign together, since their order means nothing:
    a filter of a thousand «+» is one alternation, not a thousand nested ones."""
    return [
        (selects, [choice.pattern for choice in run])
        for selects, run in groupby(choices, key=lambda choice: choice.selects)
    ]


def any_of(patterns: list[bytes]) -> bytes:
    """The expression that matches where any of these patterns does."""
    expressions = [expression(pattern) for pattern in patterns]
    return ALWAYS if ALWAYS in expressions else b"|".join(expressions)


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


class LongSelection:
    """As Selection, but line by line and choice by choice from the last: for scripts whose signs
    alternate more often than one expression can be nested."""

    def __init__(self, choices: Sequence[Choice]) -> None:
        self.choices = [
            (choice.selects, re.compile(expression(choice.pattern))) for choice in reversed(choices)
        ]

    def of(self, text: bytes) -> bytes:
        return b"".join(line for line in re.findall(REST_OF_LINE, text) if self.selects(line))

    def includes(self, line: bytes) -> bool:
        return self.selects(line + b"\n")

    def selects(self, line: bytes) -> bool:
        """What the last choice that matches says of a line with its newline."""
        for selects, matched in self.choices:
            if matched.match(line):
                return selects
        return True


def selection(choices: Sequence[Choice]) -> Selection | LongSelection:
    """The lines that these choices select, in the way that their number asks for."""
    return LongSelection(choices) if len(runs(choices)) > NESTED else Selection(choices)


def matches(pattern: bytes, line: bytes) -> bool:
    """Whether a pattern matches a line, given without its newline."""
    return re.match(expression(pattern), line + b"\n") is not None
