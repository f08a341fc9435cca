"""What a session of qmail-smtpd knows from the start."""

from __future__ import annotations

from typing import NamedTuple

from supervise.formats import received
from supervise.machines.mailpolicy import Policy


class Settings(NamedTuple):
    """Where we are, who the client is, and what it may do; `size_limit` 0 is no limit.

    `secure` says whether there is TLS already, `offers_tls` whether the client may begin it, and
    `forces_tls` whether it has to before it sends mail.
    """

    greeting: bytes
    peer: received.Peer
    local: bytes
    size_limit: int
    policy: Policy
    secure: bool = False
    offers_tls: bool = False
    forces_tls: bool = False
