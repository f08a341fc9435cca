"""Where we differ from the originals: what a test may expect is what README's table says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from tests.support.pairs import Call, Result

README = Path(__file__).parents[2] / "README.md"
HEADING = "\n## Where we differ, and why\n"
FIRST_CELL = re.compile(r"^\| (.+?) \| ", re.MULTILINE)


def rows() -> list[str]:
    """The first cell of every row."""
    return FIRST_CELL.findall(README.read_text().partition(HEADING)[2])


def stand_by(row: str) -> None:
    """Say in a test that it expects what that row says."""
    assert row in rows(), f"README has no row «{row}»"


class Difference(NamedTuple):
    """A row of README's table, and which fields of a result differ there."""

    row: str
    fields: frozenset[str]


def difference(row: str, *fields: str) -> Difference:
    return Difference(row, frozenset(fields))


# Whose usage lines are left out of every comparison, because options are new.
NEW_OPTIONS = ("tcpclient", "tcpserver")
USAGE = difference("tcpserver, tcpclient: usage", "stderr")
USAGE_LINE = re.compile(rb"(?<=: usage: ).*")


def without_usage(call: Call, result: Result) -> Result:
    if call.name not in NEW_OPTIONS:
        return result
    return result._replace(stderr=USAGE_LINE.sub(b"", result.stderr))


def judge(theirs: Result, ours: Result, expected: Difference | None = None) -> None:
    """Everything must be the same but what is expected to differ, which must."""
    if expected is None:
        assert ours == theirs, "mend it, or say why in README's table and expect it here"
        return
    stand_by(expected.row)
    found = {name for name in Result._fields if getattr(theirs, name) != getattr(ours, name)}
    assert found == expected.fields, f"«{expected.row}»: {theirs} {ours}"
