"""What rblsmtpd asks the DNS about a client, and what it tells the client then."""

from __future__ import annotations

from supervise.formats import address, domain

TEXT_SIZE = 200  # bytes that are told
PERMANENT, TEMPORARY = b"553", b"451"
# What could break a reply or a line of the log.
MASKED = bytes(byte if 32 <= byte <= 126 else ord("?") for byte in range(256))


def labels(ip: bytes, base: bytes) -> tuple[bytes, ...]:
    """The name of a client in a list: «4.3.2.1.base»; for IPv6 the nibbles, as in ip6.arpa.

    Source: RFC 5782. What is no address is split at its dots, and without one it is the base.
    """
    packed = address.parse(ip)
    if packed is None:
        client = tuple(part for part in reversed(ip.split(b".")) if part)
    else:
        client = address.reverse_labels(packed)[:-2]
    return (*client, *domain.labels(base))


def message(permanent: bool, text: bytes) -> bytes:
    """The reply that refuses a client, without its line end."""
    code = PERMANENT if permanent else TEMPORARY
    return code + b" " + text[:TEXT_SIZE].translate(MASKED)
