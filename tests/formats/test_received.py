from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervise.formats import received
from supervise.formats.received import Peer

WHEN = 1795354949  # 22 Nov 2026 13:42:29


@given(st.integers(0, 2**34))
def test_a_date_is_the_calendar_s(seconds):
    moment = datetime.fromtimestamp(seconds, UTC)
    expected = f"{moment.day} {moment:%b} {moment.year:04} {moment:%H:%M:%S} -0000"
    assert received.date(seconds).decode() == expected


@pytest.mark.parametrize(
    ("seconds", "date"),
    [
        (0, b"1 Jan 1970 00:00:00 -0000"),
        (WHEN, b"22 Nov 2026 13:42:29 -0000"),
        (951782399, b"28 Feb 2000 23:59:59 -0000"),
        (951782400, b"29 Feb 2000 00:00:00 -0000"),
        (951868800, b"1 Mar 2000 00:00:00 -0000"),
        (4107542400, b"1 Mar 2100 00:00:00 -0000"),
    ],
)
def test_dates(seconds, date):
    assert received.date(seconds) == date


@pytest.mark.parametrize(
    ("peer", "hello", "first"),
    [
        (Peer(b"h.example", b"1.2.3.4", b"joe"), b"x", b"h.example (HELO x) (joe@1.2.3.4)"),
        (Peer(b"h.example", b"1.2.3.4", None), b"x", b"h.example (HELO x) (1.2.3.4)"),
        (Peer(b"h.example", b"1.2.3.4", b""), b"x", b"h.example (HELO x) (@1.2.3.4)"),
        (Peer(b"h.example", b"1.2.3.4", None), b"H.Example", b"h.example (1.2.3.4)"),
        (Peer(b"H.Example", b"1.2.3.4", None), b"h.example", b"H.Example (1.2.3.4)"),
        (Peer(b"h.example", b"1.2.3.4", None), None, b"h.example (1.2.3.4)"),
        (Peer(b"h.example", b"1.2.3.4", None), b"", b"h.example (HELO ) (1.2.3.4)"),
        (Peer(b"unknown", b"unknown", None), b"a b_c\n;", b"unknown (HELO a?b?c??) (unknown)"),
        (Peer(b"a(b", b"1 2", b"\xff\0"), None, b"a?b (??@1?2)"),
    ],
)
def test_the_line_of_qmail_smtpd(peer, hello, first):
    expected = (
        b"Received: from " + first + b"\n  by me.example with SMTP; 22 Nov 2026 13:42:29 -0000\n"
    )
    assert received.from_network(peer, hello, b"me.example", WHEN) == expected


def test_the_line_of_qmail_smtpd_over_tls():
    line = received.from_network(Peer(b"h", b"1.2.3.4", None), b"h", b"me.example", WHEN, True)
    assert b"\n  by me.example with ESMTPS; " in line


def test_the_bytes_that_a_received_line_may_hold():
    kept = b"abcxyzABCXYZ0189.@%+/=:-[]"
    assert received.safe(kept) == kept
    others = bytes(set(range(256)) - set(b"abcdefghijklmnopqrstuvwxyz0123456789.@%+/=:-[]"))
    lower = others.lower().translate(None, b"abcdefghijklmnopqrstuvwxyz")
    assert received.safe(lower) == b"?" * len(lower)


def test_the_line_of_qmail_queue():
    assert received.by_queue(7, b"from network", WHEN) == (
        b"Received: (qmail 7 invoked from network); 22 Nov 2026 13:42:29 -0000\n"
    )


def test_no_address_can_begin_another_header_line():
    assert received.return_path(b"a\r\nb\0@c") == b"Return-Path: <a??b?@c>\n"
    assert received.return_path(b"") == b"Return-Path: <>\n"
    assert received.delivered_to(b"a\nBcc: x@y") == b"Delivered-To: a?Bcc: x@y\n"
