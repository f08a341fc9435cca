from __future__ import annotations

import pytest

from supervise.formats import localtime
from supervise.formats.localtime import Translation

LABEL = b"@4000000037c219bf2ef02e94"
SECOND = 935467445
DATE = (1999, 8, 24, 4, 4, 5)
SHOWN = b"1999-08-24 04:04:05.787492500"


def only_that_second(seconds):
    return DATE if seconds == SECOND else None


def translated(lines):
    return Translation(only_that_second).of(lines)


@pytest.mark.parametrize(
    ("date", "shown"),
    [
        (DATE, b"1999-08-24 04:04:05"),
        ((1998, 12, 31, 23, 59, 60), b"1998-12-31 23:59:60"),
        ((12, 1, 2, 3, 4, 5), b"12-01-02 03:04:05"),
        ((559444, 3, 8, 9, 40, 6), b"559444-03-08 09:40:06"),
        ((-3, 3, 8, 9, 40, 6), b"18446744073709551613-03-08 09:40:06"),
    ],
)
def test_dates(date, shown):
    assert localtime.show(date) == shown


@pytest.mark.parametrize("rest", [b" mark\n", b"\n", b".s", b"@x\n", b"F\n", b"", b"\0", b"\r\n"])
def test_a_label_at_the_beginning_of_a_line(rest):
    assert translated(LABEL + rest) == SHOWN + rest


def test_every_line_and_nothing_but_their_beginnings():
    text = LABEL + b" one " + LABEL + b"\n\n" + LABEL + b" two\n " + LABEL + b" three\n"
    wanted = SHOWN + b" one " + LABEL + b"\n\n" + SHOWN + b" two\n " + LABEL + b" three\n"
    assert translated(text) == wanted


def test_higher_digits_are_lost():
    assert translated(b"@123" + LABEL[1:] + b" x") == SHOWN + b" x"


def test_nanoseconds_are_what_they_are():
    assert translated(LABEL[:17] + b"00000001") == b"1999-08-24 04:04:05.000000001"
    assert translated(LABEL[:17] + b"ffffffff") == b"1999-08-24 04:04:05.4294967295"


@pytest.mark.parametrize(
    "line",
    [
        b"@", b"@ text", b"@\n", b"@2ef02e94 x", b"@4000000037c219bf x", LABEL.upper() + b" x",
        LABEL + b"0 x", b"4000000037c219bf2ef02e94 x", b"@" + b"0" * 1000 + LABEL[1:],
    ],
)  # fmt: skip
def test_what_is_no_time_stays(line):
    assert translated(line) == line


def test_a_second_is_asked_for_once():
    asked = []

    def local(seconds):
        asked.append(seconds)
        return DATE

    Translation(local).of((LABEL + b" x\n") * 3 + LABEL[:15] + b"c0" + LABEL[17:] + b"\n")
    assert asked == [SECOND, SECOND + 1]


def test_a_second_without_a_date_is_remembered_as_such():
    asked = []
    Translation(asked.append).of(b"@f000000000000000ffffffff x\n" * 3)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        (b"@", True), (LABEL, True), (b"@4", True), (b"@" + b"0" * 1000, True),
        (b"@" + b"0" * 1001, False), (LABEL + b" ", False), (b"", False), (b"x", False),
        (b"@\n", False),
    ],
)  # fmt: skip
def test_a_label_that_may_go_on(text, is_open):
    assert bool(localtime.OPEN.match(text)) == is_open
