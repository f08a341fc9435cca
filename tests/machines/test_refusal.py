from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.machines.commandlines import LINE_LIMIT
from supervise.machines.refusal import Refusal

OK, NO, BYE = b"250 rblsmtpd.local\r\n", b"553 no\r\n", b"221 rblsmtpd.local\r\n"


def replies(*chunks):
    session = Refusal(b"553 no")
    return [reply for chunk in chunks for reply in session.received(chunk)]


def test_the_greeting():
    assert Refusal(b"553 no").greeting == b"220 rblsmtpd.local\r\n"


POLITE = [b"HELO x", b"ehlo", b"MAIL FROM:<>", b"RSET", b"Noop x", b"helo \0"]
REFUSED = [b"RCPT TO:<x>", b"DATA", b"VRFY", b"HELP", b"AUTH", b"", b" helo", b"mail:", b"helo\0"]


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        *((verb, OK) for verb in POLITE),
        *((verb, NO) for verb in [*REFUSED, b"helo\r\r"]),
        (b"quit", BYE),
        (b"QUIT now", BYE),
    ],
)
def test_replies(line, reply):
    assert replies(line + b"\r\n") == [reply]
    assert replies(line + b"\n") == [reply]


def test_quit_is_the_end():
    session = Refusal(b"553 no")
    assert session.received(b"rcpt\nquit\nrcpt\n") == [NO, BYE]
    assert session.over


def test_a_line_that_is_not_complete_has_no_reply():
    assert replies(b"rc", b"pt", b"\r") == []
    assert replies(b"rc", b"pt", b"\r", b"\nrset") == [NO]


def test_a_line_without_an_end_is_not_kept():
    session = Refusal(b"553 no")
    for _ in range(100):
        assert session.received(b"helo " + b"x" * 65536) == []
        assert len(session.lines.waiting) <= 2 * LINE_LIMIT
    assert session.received(b"\nrcpt\n") == [OK, NO]


@given(st.lists(st.text("rcpt\r\n helo", max_size=9).map(str.encode), max_size=9))
def test_replies_do_not_depend_on_the_chunks(chunks):
    assert replies(*chunks) == replies(b"".join(chunks))
