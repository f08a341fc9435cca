"""Pipes as tests need them."""

from __future__ import annotations

import fcntl
import os


def full_pipe(text: bytes) -> int:
    """The read end of a pipe that holds a text and then ends."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 1 << 20)
    assert os.write(writing, text) == len(text)
    os.close(writing)
    return reading
