"""The question and the answer of the identification protocol. Source: RFC 1413."""

from __future__ import annotations

USER_SIZE = 257  # bytes that are kept
DROPPED = b" \t\r"


def request(remote_port: int, local_port: int) -> bytes:
    """Who owns the connection from your port to ours?"""
    return b"%d , %d\r\n" % (remote_port, local_port)


def user(line: bytes) -> bytes:
    """The user of an answer (without its line feed); empty where it names none, as an ERROR does.

    Everything after the third colon counts, so that an operating system's name with a charset in
    it does no harm. No byte 0 gets through: it could not be in an environment.
    """
    parts = line.translate(None, DROPPED).split(b":", 3)
    return parts[3][:USER_SIZE].partition(b"\0")[0] if len(parts) == 4 else b""
