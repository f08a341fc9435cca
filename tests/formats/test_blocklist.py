from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import blocklist

NIBBLES = tuple(b"%c" % digit for digit in b"1" + b"0" * 23 + b"8bd01002")


@pytest.mark.parametrize(
    ("ip", "base", "labels"),
    [
        (b"1.2.3.4", b"rbl.test", (b"4", b"3", b"2", b"1", b"rbl", b"test")),
        (b"1.2.3.4", b"rbl.test.", (b"4", b"3", b"2", b"1", b"rbl", b"test")),
        (b"::ffff:1.2.3.4", b"rbl", (b"4", b"3", b"2", b"1", b"rbl")),
        (b"2001:db8::1", b"rbl", (*NIBBLES, b"rbl")),
        (b"", b"rbl.test", (b"rbl", b"test")),
        (b"a.b", b"rbl", (b"b", b"a", b"rbl")),
        (b"1.2.3.4", b"", (b"4", b"3", b"2", b"1")),
    ],
)
def test_the_name_of_a_client_in_a_list(ip, base, labels):
    assert blocklist.labels(ip, base) == labels


@pytest.mark.parametrize(
    ("permanent", "text", "said"),
    [
        (True, b"go away", b"553 go away"),
        (False, b"", b"451 "),
        (False, b"a\nb\0\xff~\x7f", b"451 a?b??~?"),
        (True, b"x" * 201, b"553 " + b"x" * 200),
    ],
)
def test_messages(permanent, text, said):
    assert blocklist.message(permanent, text) == said


@given(st.booleans(), st.binary(max_size=300))
def test_a_message_is_one_short_line(permanent, text):
    said = blocklist.message(permanent, text)
    assert len(said) <= 204
    assert said.isascii()
    assert said.decode().isprintable()
