"""The manual of a program: what its docstring says, taken apart.

How a docstring is written (tests/test_manuals.py holds every one of them to it):

* The first paragraph is one sentence: what the program does.
* The second is the synopsis: the name of the program and its operands, `[ options ]` first where
  there are any.
* What is flush left after these is text. What is indented is a table where its first line has two
  columns, two blanks or more apart (lines that are indented further go on with the text), and an
  example otherwise.
* A table after a paragraph that ends in «Options:» has one option in each row: -x, or -x and one
  word for its value.
* The paragraph that begins with «Exits» tells of the exit codes.
* `word` is to be typed as it is, and a word like -x is an option.
"""

from __future__ import annotations

import re
from textwrap import dedent
from typing import NamedTuple

COLUMNS = re.compile(r"(\S+(?: \S+)*) {2,}(\S.*)")
OPTION = re.compile(r"(-\w|--[a-z][a-z-]*)(?: (\S+))?")
OPTIONS = "Options:"


class Row(NamedTuple):
    """A line of a table, and those that go on with it."""

    term: str
    text: str


class Text(NamedTuple):
    lines: list[str]


class Example(NamedTuple):
    lines: list[str]


class Table(NamedTuple):
    rows: list[Row]


Block = Text | Example | Table


class Option(NamedTuple):
    name: str
    value: str | None
    text: str


class Manual(NamedTuple):
    name: str
    sentence: str
    synopsis: str
    description: list[Block]
    options: list[Option]
    exits: list[Block]

    @property
    def operands(self) -> list[str]:
        """The words of the synopsis after the name and the options."""
        return self.synopsis.removeprefix(self.name).replace("[ options ]", "").split()


class Irregular(Exception):
    """A docstring that is not written as agreed."""


def parse(name: str, docstring: str) -> Manual:
    sentence, synopsis, *rest = re.split(r"\n\n+", docstring.strip("\n"))
    if synopsis.split()[:1] != [name]:
        raise Irregular(f"{name}: begin the second paragraph with the name: {synopsis}")
    manual = Manual(name, " ".join(sentence.split()), synopsis, [], [], [])
    expected = False
    for paragraph in rest:
        if expected:
            manual.options.extend(option(name, row) for row in table(paragraph.splitlines()).rows)
            expected = False
            continue
        expected = paragraph.endswith(OPTIONS)
        place = manual.exits if paragraph.startswith("Exits ") else manual.description
        if text := paragraph.removesuffix(OPTIONS).rstrip():
            place.append(block(text.splitlines()))
    return manual


def block(lines: list[str]) -> Block:
    if not lines[0].startswith(" "):
        if columns := [line for line in lines if COLUMNS.fullmatch(line)]:
            raise Irregular(f"indent what is a table: {columns[0]}")
        return Text(lines)
    lines = dedent("\n".join(lines)).splitlines()
    return table(lines) if COLUMNS.fullmatch(lines[0]) else Example(lines)


def table(lines: list[str]) -> Table:
    rows: list[Row] = []
    for line in dedent("\n".join(lines)).splitlines():
        if line.startswith(" ") and rows:
            rows[-1] = Row(rows[-1].term, f"{rows[-1].text} {line.strip()}")
        elif columns := COLUMNS.fullmatch(line):
            rows.append(Row(columns[1], columns[2]))
        else:
            raise Irregular(f"this line has no two columns: {line}")
    return Table(rows)


def option(name: str, row: Row) -> Option:
    parts = OPTION.fullmatch(row.term)
    if parts is None:
        raise Irregular(f"{name}: write one option, and one word for its value: {row.term}")
    return Option(parts[1], parts[2], row.text)


def of_script(source: str) -> str:
    """The docstring of a shell script: the comment at its head."""
    comment = re.match(r"#!.*\n((?:#.*\n)+)", source)
    if comment is None:
        raise Irregular("begin the script with a comment")
    return re.sub(r"^# ?", "", comment[1], flags=re.MULTILINE)
