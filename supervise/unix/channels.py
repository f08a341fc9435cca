"""A socket pair that keeps messages whole and can carry descriptors."""

from __future__ import annotations

import os
import socket

LONGEST = 4096


def pair() -> tuple[int, int]:
    """Two connected ends, close-on-exec."""
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return one.detach(), other.detach()


def send(channel: int, message: bytes, *carried: int) -> None:
    """Send one message; where the other end is closed it is lost, as its reader is.

    Never waits: BlockingIOError where the other end has left too much unread.
    """
    end = socket.socket(fileno=channel)
    try:
        socket.send_fds(end, [message], list(carried), socket.MSG_DONTWAIT)
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        end.detach()


def receive(channel: int) -> tuple[bytes, list[int]]:
    """One message and what it carried; empty when the other end is closed."""
    end = socket.socket(fileno=channel)
    try:
        message, carried, _, _ = socket.recv_fds(end, LONGEST, 1)
    except ConnectionResetError:
        return b"", []
    finally:
        end.detach()
    for descriptor in carried:
        os.set_inheritable(descriptor, False)
    return message, list(carried)
