"""Connections: one that tcpclient leaves to its program as descriptors 6 and 7; one that breaks."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
from typing import Any

from tests.support.patience import PATIENCE
from tests.support.processes import Background


def on_six_and_seven(
    background: Background, argv: list[str], closed: tuple[int, ...] = (), **options: Any
) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start a program whose network we are; returns it and our end."""
    near, far = socket.socketpair()
    near.settimeout(PATIENCE)
    far.set_inheritable(False)

    def arrange() -> None:
        for number in (6, 7):
            os.dup2(far.fileno(), number)
        for number in closed:
            os.close(number)

    process = background.start(argv, preexec_fn=arrange, close_fds=False, **options)
    far.close()
    return process, near


def reset(client: socket.socket) -> None:
    """Close so that the other end hears of it with its next call."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
