"""What a session of qmail-smtpd wants done; its driver does it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reply:
    """Say this, when the replies so far are sent."""

    text: bytes


@dataclass(frozen=True)
class Flush:
    """Send the replies so far."""


@dataclass(frozen=True)
class FindHosts:
    """Ask the second list for any of these names; answer with `hosts_found`."""

    names: tuple[bytes, ...]


@dataclass(frozen=True)
class StartTls:
    """Have TLS begun, and say this, when the replies so far are sent; answer with `tls_started`,
    or, where it cannot be begun and nothing was said, with `tls_unavailable`."""

    ready: bytes


@dataclass(frozen=True)
class OpenQueue:
    """Start the queue program; answer with `queue_opened` or `queue_not_opened`."""


@dataclass(frozen=True)
class Store:
    """Give these bytes of the message to the queue program."""

    data: bytes


@dataclass(frozen=True)
class Commit:
    """Give the queue program the envelope; answer with `message_stored` or `message_refused`."""

    envelope: bytes


@dataclass(frozen=True)
class Abandon:
    """End the queue program without an envelope, so that it stores nothing."""


@dataclass(frozen=True)
class Exit:
    """Send the replies so far and end with this code."""

    code: int


Effect = Reply | Flush | FindHosts | StartTls | OpenQueue | Store | Commit | Abandon | Exit
Effects = list[Effect]
