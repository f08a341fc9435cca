"""Ports at which nobody is, and ports at which nobody answers."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
from collections.abc import Iterator

MOMENT = 50  # milliseconds: a connection on this machine takes less, or waits for a second try
MOST = 64


@contextlib.contextmanager
def closed(ip: str = "127.0.0.1") -> Iterator[int]:
    """A port where connections are refused: it is taken, and nobody listens."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with socket.socket(family) as taken:
        taken.bind((ip, 0))
        yield taken.getsockname()[1]


@contextlib.contextmanager
def silent(ip: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """A port where connections are never made: its queue is full, and the kernel drops the rest."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind((ip, port))
        listening.listen(0)
        address = listening.getsockname()
        for _ in range(MOST):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            assert client.connect_ex(address) == errno.EINPROGRESS
            poll = select.poll()
            poll.register(client, select.POLLOUT)
            if not poll.poll(MOMENT):
                break
        else:
            raise AssertionError("the queue is never full")
        yield address[1]
