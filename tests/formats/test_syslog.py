from __future__ import annotations

import pytest

from supervise.formats import syslog


@pytest.mark.parametrize(
    ("line", "level"),
    [
        (b"alert: help", syslog.ALERT), (b"warning: x", syslog.WARNING), (b"info: x", syslog.INFO),
        (b"", syslog.INFO), (b" alert: x", syslog.INFO), (b"Warning: x", syslog.INFO),
        (b"alert", syslog.INFO), (b"x alert:", syslog.INFO),
    ],
)  # fmt: skip
def test_levels(line, level):
    assert syslog.level(line) == level


@pytest.mark.parametrize(("number", "facility"), [(0, 0), (2, 2), (127, 127), (128, 1), (2**64, 1)])
def test_facilities(number, facility):
    assert syslog.facility(number) == facility


def test_a_record():
    record = syslog.record(2, syslog.WARNING, b"Nov  3 04:05:06", b"qmail", b"1.000002 text")
    assert record == b"<20>Nov  3 04:05:06 qmail: 1.000002 text"


def test_what_is_printable():
    assert syslog.printable(b"\0\x1f !~\x7f\x80\xff\t") == b"?? !~????"


def test_stamps():
    assert syslog.stamp(1_700_000_000_000_123_999) == b"1700000000.000123"
