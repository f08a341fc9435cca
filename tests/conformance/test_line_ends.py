"""Our addcr and delcr beside Debian's ucspi-tcp, which has the originals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import filters
from tests.support.generators import short_texts, texts
from tests.support.oracle import SIDES, Call, oracle, same, talk
from tests.support.sidebyside import needs

pytestmark = [
    needs("addcr", "delcr"),
    pytest.mark.parametrize("name", ["addcr", "delcr"]),
]

TOKENS = [b"\r", b"\n", b"\r\n", b"\r\r\n", b"a", b"line", b"\0", b"\xff\r"]


@oracle
@given(texts(TOKENS))
def test_any_text(name, text):
    same(name, stdin=text)


@oracle
@given(st.lists(short_texts(TOKENS), max_size=6))
def test_a_dialogue(name, turns):
    """What has come is passed on before more is waited for."""
    original, ours = (talk(start, Call(name), turns, b"$") for start in SIDES)
    assert ours == original


@pytest.mark.parametrize("call", filters.CALLS)
def test_calls(name, call, tmp_path):
    filters.same_call(name, call, tmp_path)
