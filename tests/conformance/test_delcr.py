"""Our delcr beside Debian's ucspi-tcp, which has the original."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import filters
from tests.support.sidebyside import needs

pytestmark = needs("delcr")


@settings(max_examples=20)
@given(st.lists(st.text("ab\r\n", min_size=1, max_size=20).map(str.encode), max_size=6))
def test_a_dialogue(turns):
    filters.same_dialogue("delcr", turns)


@settings(max_examples=10)
@given(st.binary(max_size=3000))
def test_any_bytes(block):
    filters.same_dialogue("delcr", [block])


@pytest.mark.parametrize("call", filters.CALLS)
def test_calls(call, tmp_path):
    filters.same_call("delcr", call, tmp_path)
