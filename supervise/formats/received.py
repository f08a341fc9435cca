"""The trace lines that a message is given on its way: Received, Return-Path, Delivered-To.

Source: RFC 5321 §4.4, with the words of qmail-smtpd and qmail-queue.
"""

from __future__ import annotations

import re
from typing import NamedTuple

UNSAFE = rb"[^a-zA-Z0-9.@%+/=:\-\[\]]"  # what could break out of a Received line
LINE_BREAKERS = rb"[\r\n\0]"
MONTHS = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
DAY = 86400
FOUR_CENTURIES = 146097  # days


class Peer(NamedTuple):
    """Who sends, as UCSPI tells; `info` is None when the peer was not asked."""

    host: bytes
    address: bytes
    info: bytes | None


def date(seconds: int) -> bytes:
    """A Unix time as «22 Nov 2026 13:42:29 -0000»."""
    days, second = divmod(seconds, DAY)
    year, month, day = civil(days)
    name = MONTHS.split()[month - 1]
    hour, minute = second // 3600, second // 60 % 60
    return b"%d %s %04d %02d:%02d:%02d -0000" % (day, name, year, hour, minute, second % 60)


def civil(days: int) -> tuple[int, int, int]:
    """Year, month and day of a count of days since 1970.

    Years are counted from March, so that the leap day is the last one; 719468 days lie between
    1 March of year 0 and 1970.
    """
    era, day_of_era = divmod(days + 719468, FOUR_CENTURIES)
    year = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day = day_of_era - (365 * year + year // 4 - year // 100)
    month = (5 * day + 2) // 153
    return (
        era * 400 + year + (month >= 10),
        month + 3 if month < 10 else month - 9,
        day - (153 * month + 2) // 5 + 1,
    )


def safe(text: bytes) -> bytes:
    """With a question mark for every byte that could mean something in a Received line."""
    return re.sub(UNSAFE, b"?", text)


def one_line(text: bytes) -> bytes:
    """With a question mark for every byte that could end a header line."""
    return re.sub(LINE_BREAKERS, b"?", text)


def from_network(
    peer: Peer, hello: bytes | None, local: bytes, seconds: int, secure: bool = False
) -> bytes:
    """The line of qmail-smtpd; the name in HELO is shown only where it differs from the
    peer's host. Over TLS it says ESMTPS (RFC 3848), and otherwise SMTP, also after EHLO."""
    said = hello is not None and hello.lower() != peer.host.lower()
    claim = b"(HELO " + safe(hello or b"") + b") " if said else b""
    info = b"" if peer.info is None else safe(peer.info) + b"@"
    return b"Received: from %s %s(%s%s)\n  by %s with %s; %s\n" % (
        safe(peer.host), claim, info, safe(peer.address), safe(local),
        b"ESMTPS" if secure else b"SMTP", date(seconds),
    )  # fmt: skip


def by_queue(pid: int, how: bytes, seconds: int) -> bytes:
    """The line of qmail-queue; `how` is «from network» or «by uid N»."""
    return b"Received: (qmail %d invoked %s); %s\n" % (pid, how, date(seconds))


def return_path(sender: bytes) -> bytes:
    return b"Return-Path: <" + one_line(sender) + b">\n"


def delivered_to(recipient: bytes) -> bytes:
    return b"Delivered-To: " + one_line(recipient) + b"\n"
