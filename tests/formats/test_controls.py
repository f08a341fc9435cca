from __future__ import annotations

import pytest

from supervise.formats import controls


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"mail.example\n", b"mail.example"),
        (b"mail.example", b"mail.example"),
        (b"mail.example \t \nsecond\n", b"mail.example"),
        (b"mail.example\r\n", b"mail.example\r"),
        (b"# not a comment\n", b"# not a comment"),
        (b"  leading", b"  leading"),
        (b"\nsecond", b""),
        (b"", b""),
    ],
)
def test_a_line(content, line):
    assert controls.line(content) == line


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b"1200", 1200),
        (b"0", 0),
        (b"016", 16),
        (b"5 seconds", 5),
        (b"5\r", 5),
        (b"", None),
        (b" 5", None),
        (b"-5", None),
        (b"x", None),
        (b"0" * 5000 + b"7", 7),
        (b"9" * 18, 10**18 - 1),
        (b"9" * 5000, controls.VERY_LARGE),
    ],
)
def test_a_number(text, number):
    assert controls.number(text) == number


def test_a_list():
    content = b"one\n#two\n\n three\t \n  \nfour #\n\t\nFIVE\r\nsix"
    assert controls.entries(content) == [b"one", b" three", b"four #", b"FIVE\r", b"six"]
    assert controls.entries(b"") == []


def test_names_are_in_lower_case():
    assert controls.names(b"One\n.TWO.example\n") == {b"one", b".two.example"}
