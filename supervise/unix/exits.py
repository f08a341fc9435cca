"""How a process has ended, as its pidfd tells also those who are not its parent, on Linux 6.15 and
newer. Source: linux/pidfd.h."""

from __future__ import annotations

import fcntl
import select
from struct import Struct

INFO = Struct("=QQ11Ii")  # what is asked for and answered, …, the raw wait status
GET_INFO = 0xC000_FF0B | INFO.size << 16
EXIT = 1 << 3  # asks for the last field; the answer has it once the parent has collected
COLLECTED = 50  # milliseconds until a parent has that is not busy


def status(pidfd: int) -> int | None:
    """The raw wait status of a process that has ended; None where it cannot be known."""
    poll = select.poll()
    poll.register(pidfd, 0)
    poll.poll(COLLECTED)  # it hangs up when the process is collected
    record = bytearray(INFO.pack(EXIT, *[0] * 13))
    try:
        fcntl.ioctl(pidfd, GET_INFO, record)
    except OSError:
        return None
    answered, *_, ended = INFO.unpack(record)
    return ended if answered & EXIT else None
