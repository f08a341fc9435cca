from __future__ import annotations

import pytest

from supervise.formats.logscript import Copy, Directory, Script, Status, leading_number, parse
from supervise.formats.pattern import Choice

NOT_A, B = Choice(False, b"a"), Choice(True, b"b*")


def test_places_know_the_choices_before_them():
    assert parse([b"./d", b"-a", b"e", b"+b*", b"=f", b"/var/log"]) == Script(
        False,
        (
            Directory((), b"./d"),
            Copy((NOT_A,)),
            Status((NOT_A, B), b"f"),
            Directory((NOT_A, B), b"/var/log"),
        ),
    )


def test_settings_hold_for_what_follows():
    script = parse([b".", b"s5000", b"n3", b"./a", b"!cat", b"./b", b"!", b"./c"])
    assert script.places == (
        Directory((), b".", 99999, 10, None),
        Directory((), b"./a", 5000, 3, None),
        Directory((), b"./b", 5000, 3, b"cat"),
        Directory((), b"./c", 5000, 3, b""),
    )


def test_what_is_done_when_the_disk_is_full():
    words = [b"./a", b"ddrop", b"./b", b"ddelete", b"./c", b"dno", b"drop", b"d", b"./d", b"dblock"]
    places = parse([*words, b"./e"]).places
    assert [place.full for place in places] == ["block", "drop", "delete", "delete", "block"]


@pytest.mark.parametrize(
    ("words", "stamped"),
    [([b"t"], True), ([b"tfoo"], True), ([b"e", b"t"], False), ([], False), ([b""], False)],
)
def test_lines_are_stamped_by_a_t_that_comes_first(words, stamped):
    assert parse(words).stamped == stamped


def test_what_is_no_action_is_passed_over():
    assert parse([b"main", b"", b"?", b"\xff"]) == Script(False, ())


@pytest.mark.parametrize(
    ("word", "size"),
    [
        (b"s4095", 4096), (b"s4097", 4097), (b"s", 4096), (b"s16777216", 16777215),
        (b"s18446744073709556616", 5000), (b"s5000k", 5000), (b"s" + b"0" * 5000 + b"4100", 4100),
    ],
)  # fmt: skip
def test_sizes_stay_within_their_limits(word, size):
    assert parse([word, b"."]).places == (Directory((), b".", size),)


def test_a_number_below_two_is_two():
    assert parse([b"n1", b"."]).places == (Directory((), b".", number=2),)


@pytest.mark.parametrize(("text", "number"), [(b"", 0), (b"12x3", 12), (b"-1", 0)])
def test_leading_numbers(text, number):
    assert leading_number(text) == number
