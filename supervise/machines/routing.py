"""Where each part of a stream goes: the places of a script, each with its selection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from supervise.formats.pattern import LongSelection, Selection
from supervise.machines.logline import Segment


class Followed:
    """A place that takes every selected byte: a log directory."""

    def __init__(self, selection: Selection | LongSelection) -> None:
        self.selection = selection
        self.follows = False  # the head of the line that goes on was selected and written

    def take(self, segments: Iterable[Segment]) -> list[Segment]:
        """What of these segments goes there."""
        return [
            Segment(segment.kind, text) for segment in segments if (text := self.selected(segment))
        ]

    def selected(self, segment: Segment) -> bytes:
        if segment.kind == "lines":
            return self.selection.of(segment.text)
        if segment.kind == "head":
            self.follows = self.selection.includes(segment.text)
        return segment.text if self.follows else b""


class Shown(NamedTuple):
    """A line for one of the places that take single lines, by its number in the script."""

    place: int
    line: bytes


def shown(
    selections: Mapping[int, Selection | LongSelection], segments: Iterable[Segment]
) -> list[Shown]:
    """What goes to the places that take single lines, in the order of lines, then of places."""
    return [
        Shown(place, line)
        for segment in segments
        for line in lines(segment)
        for place, selection in selections.items()
        if selection.includes(line)
    ]


def lines(segment: Segment) -> list[bytes]:
    """The lines that actions see in a segment, without their newlines."""
    if segment.kind == "tail":
        return []
    return (
        segment.text.removesuffix(b"\n").split(b"\n") if segment.kind == "lines" else [segment.text]
    )


def latest(lines: list[Shown], places: set[int]) -> list[Shown]:
    """Without the lines that a later one replaces, at places that show only the last."""
    last = {place: number for number, (place, _) in enumerate(lines)}
    return [
        each
        for number, each in enumerate(lines)
        if each.place not in places or last[each.place] == number
    ]
