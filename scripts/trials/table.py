"""The table: what was done and seen, ours beside the others, and whether ours is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Value = int | float | str | None  # None: could not be measured


class Wanted(NamedTuple):
    """What a row promises: how it is printed, and what keeps it."""

    text: str
    keeps: Callable[[Value], bool]


def exactly(value: Value) -> Wanted:
    return Wanted(str(value), lambda found: found == value)


def at_most(limit: float, unit: str = "") -> Wanted:
    def keeps(found: Value) -> bool:
        return isinstance(found, int | float) and found <= limit

    return Wanted(f"<= {limit:g}{unit}", keeps)


NOTHING_PROMISED = Wanted("", lambda found: True)


class Row(NamedTuple):
    """One line of the table: which part it belongs to, what is counted, and what was counted."""

    part: str
    what: str
    wanted: Wanted = NOTHING_PROMISED


class Table:
    """Rows in the order in which they came first, with a column for each suite."""

    def __init__(self, suites: list[str]) -> None:
        self.suites = suites
        self.values: dict[Row, dict[str, Value]] = {}

    def put(self, suite: str, row: Row, value: Value) -> None:
        known = next((one for one in self.values if one[:2] == row[:2]), row)
        self.values.setdefault(known, {})[suite] = value

    def broken(self, suite: str) -> list[Row]:
        """The promises that a suite does not keep."""
        return [
            row
            for row, values in self.values.items()
            if suite in values and not row.wanted.keeps(values[suite])
        ]

    def render(self) -> str:
        """As Markdown that is aligned, so that it can be read as it is."""
        head = ["trial", "what is counted", "wanted", *self.suites]
        body = [
            [row.part, row.what, row.wanted.text]
            + [shown(values.get(suite)) for suite in self.suites]
            for row, values in self.values.items()
        ]
        widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]
        rule = ["-" * width for width in widths]
        return "".join(f"{aligned(line, widths)}\n" for line in [head, rule, *body])


def aligned(cells: list[str], widths: list[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return f"| {' | '.join(padded)} |"


def shown(value: Value) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" if isinstance(value, float) else str(value)
