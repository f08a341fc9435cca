from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from supervise.machines.stamper import Stamper


def test_a_stamp_before_each_line():
    assert Stamper().take(b"one\n\ntwo\n", b"@1 ") == b"@1 one\n@1 \n@1 two\n"


def test_a_line_that_comes_in_pieces_has_the_stamp_of_the_first():
    stamper = Stamper()
    assert stamper.take(b"one\ntw", b"@1 ") == b"@1 one\n@1 tw"
    assert stamper.take(b"o", b"@2 ") == b"o"
    assert stamper.take(b"\nthree", b"@3 ") == b"\n@3 three"
    assert stamper.take(b"\n", b"@4 ") == b"\n"
    assert stamper.take(b"\n", b"@5 ") == b"@5 \n"


@given(st.lists(st.text("ab\n\0", min_size=1).map(str.encode)))
@example([b"\n", b"\n"])
def test_pieces_make_no_difference(blocks):
    stamper = Stamper()
    lines = b"".join(blocks).splitlines(keepends=True)
    stamped = b"".join(stamper.take(block, b"@1 ") for block in blocks)
    assert stamped == b"".join(b"@1 " + line for line in lines)
