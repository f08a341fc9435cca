from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import envfile

VALUES = {
    b"value  \t \nsecond": b"value",
    b"a\0b\n": b"a\nb",
    b"a\0\0 \t\n": b"a\n\n",
    b"   \n": b"",
    b" lead \r\n": b" lead \r",
    b"\nfoo": b"",
    b"no end": b"no end",
    b"\xff\0": b"\xff\n",
}


@pytest.mark.parametrize("content", VALUES, ids=repr)
def test_the_value_is_the_first_line(content):
    assert envfile.change(b"X", content) == (b"X", VALUES[content])


def test_an_empty_file_removes():
    assert envfile.change(b"X", b"") == (b"X", None)


def test_an_equals_sign_in_the_name_ends_the_variable():
    assert envfile.change(b"I=J", b"eq") == (b"I", b"J=eq")
    assert envfile.change(b"I=J", b"") == (b"I", b"J")


@given(st.binary(min_size=1))
def test_every_content_gives_a_value_an_environment_can_hold(content):
    name, value = envfile.change(b"X", content)
    assert name == b"X"
    assert b"\0" not in value
    assert value == value.rstrip(b" \t") or content.partition(b"\n")[0].endswith(b"\0")
