"""What tcpserver and the process that holds its key tell each other.

On a channel that keeps messages whole: READY or a failure from the keyholder; to it requests, each
with descriptors, and RENEW. On a pipe, from it: reports.
"""

from __future__ import annotations

from struct import Struct

READY, RENEW = b"ready", b"renew"
REQUEST = Struct("Id")  # the process number of a program, the seconds for its handshake
REPORT = Struct("II")  # a program and its relay; or NO_PROGRAM, and a relay that has ended
NO_PROGRAM = 0


def failure(code: int, text: bytes) -> bytes:
    return b"%d %s" % (code, text)


def read_failure(packed: bytes) -> tuple[int, bytes]:
    """The exit code and the text; raises ValueError where it is none."""
    code, _, text = packed.partition(b" ")
    return int(code), text
