"""A socket pair that keeps messages whole and can carry descriptors."""

from __future__ import annotations

import socket
from array import array

LONGEST = 4096
MOST_CARRIED = 4


def pair() -> tuple[int, int]:
    """Two connected ends, close-on-exec."""
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return one.detach(), other.detach()


def send(channel: int, message: bytes, *carried: int) -> None:
    """Send one message; where the other end is closed it is lost, as its reader is.

    Never waits: BlockingIOError where the other end has left too much unread.
    """
    # socket.send_fds and recv_fds drop the flags they are given (Python 3.11).
    rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", carried))
    end = socket.socket(fileno=channel)
    try:
        end.sendmsg([message], [rights], socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        end.detach()


def receive(channel: int, wait: bool = True) -> tuple[bytes, list[int]]:
    """One message and what it carried, close-on-exec; empty when the other end is closed, and
    where there is none, if nobody wants to wait."""
    carried = array("i")
    end = socket.socket(fileno=channel)
    try:
        space = socket.CMSG_LEN(MOST_CARRIED * carried.itemsize)
        flags = socket.MSG_CMSG_CLOEXEC | (0 if wait else socket.MSG_DONTWAIT)
        message, ancillary, _, _ = end.recvmsg(LONGEST, space, flags)
    except (ConnectionResetError, BlockingIOError):
        return b"", []
    finally:
        end.detach()
    for _, _, rights in ancillary:
        carried.frombytes(rights)
    return message, list(carried)
