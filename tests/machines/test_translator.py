from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervise.formats.localtime import Translation
from supervise.machines.translator import Translator

LABEL = b"@4000000037c219bf2ef02e94"
SHOWN = b"1999-08-24 04:04:05.787492500"


def local(seconds):
    return (1999, 8, 24, 4, 4, 5) if seconds == 935467445 else None


def written(*blocks):
    """What is written after each block, and at the end."""
    translator = Translator(local)
    return [*(translator.take(block) for block in blocks), translator.end()]


def test_whole_lines():
    assert written(LABEL + b" x\n", b"y\n") == [SHOWN + b" x\n", b"y\n", b""]


def test_the_beginning_of_a_line_is_written_at_once():
    assert written(LABEL + b" x", LABEL + b"\n") == [SHOWN + b" x", LABEL + b"\n", b""]


def test_a_label_is_held_until_what_follows_has_come():
    assert written(b"x\n@40", LABEL[3:], b" x\n") == [b"x\n", b"", SHOWN + b" x\n", b""]


def test_a_label_that_begins_the_stream():
    assert written(b"@", LABEL[1:] + b"\n") == [b"", SHOWN + b"\n", b""]


def test_a_whole_label_at_the_end_is_a_time():
    assert written(LABEL) == [b"", SHOWN]


def test_a_label_that_the_end_cuts_is_kept():
    assert written(LABEL[:-1]) == [b"", LABEL[:-1]]
    assert written(b"x\n@") == [b"x\n", b"@"]


def test_what_is_in_the_middle_of_a_line_is_not_held():
    assert written(b"x", b"@40", b"\n@") == [b"x", b"@40", b"\n", b"@"]


def test_what_is_too_long_for_a_label_is_not_held():
    text = b"@" + b"0" * 1001
    assert written(text, LABEL[1:], b"\n") == [text, LABEL[1:], b"\n", b""]


@given(st.lists(st.sampled_from([LABEL, LABEL[:9], LABEL[9:], b"@", b"\n", b" x", b"", b"f"])))
def test_pieces_make_no_difference(blocks):
    whole = b"".join(blocks)
    assert b"".join(written(*filter(None, blocks))) == Translation(local).of(whole)
