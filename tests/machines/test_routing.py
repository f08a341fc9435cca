from __future__ import annotations

from supervise.formats.pattern import Choice, Selection
from supervise.machines.logline import Segment
from supervise.machines.routing import Followed, Shown, latest, shown

NO_A = Selection([Choice(False, b"a*")])


def test_a_tail_goes_where_its_head_went():
    followed = Followed(NO_A)
    assert followed.take([Segment("lines", b"a\nb\n"), Segment("head", b"b" * 1000)]) == [
        Segment("lines", b"b\n"),
        Segment("head", b"b" * 1000),
    ]
    assert followed.take([Segment("tail", b"more\n"), Segment("head", b"a" * 1000)]) == [
        Segment("tail", b"more\n")
    ]
    assert followed.take([Segment("tail", b"less\n")]) == []


def test_lines_are_shown_by_line_and_then_by_place():
    segments = [Segment("lines", b"b\na\n"), Segment("head", b"c"), Segment("tail", b"d\n")]
    assert shown({1: Selection([]), 4: NO_A}, segments) == [
        Shown(1, b"b"), Shown(4, b"b"), Shown(1, b"a"), Shown(1, b"c"), Shown(4, b"c"),
    ]  # fmt: skip


def test_a_status_is_shown_once():
    lines = [Shown(0, b"a"), Shown(1, b"a"), Shown(0, b"b"), Shown(1, b"b")]
    assert latest(lines, {1}) == [Shown(0, b"a"), Shown(0, b"b"), Shown(1, b"b")]
