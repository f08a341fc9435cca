"""A server for one client at a time: says its piece, and tells what it was sent."""

from __future__ import annotations

import subprocess
import sys
from typing import NamedTuple

from tests.support.processes import Background

# Reads until it has what it waits for, then answers and closes; the client need not close.
SCRIPT = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
answer, enough = eval(sys.argv[3]), eval(sys.argv[4])
listening = socket.create_server((sys.argv[1], int(sys.argv[2])), family=family)
print(listening.getsockname()[1], flush=True)
while True:
    connection, _ = listening.accept()
    with connection:
        said = b""
        while not said.endswith(enough):
            block = connection.recv(1000)
            if not block:
                break
            said += block
        connection.sendall(answer)
        print(said, flush=True)
"""


class OneServer(NamedTuple):
    process: subprocess.Popen[bytes]
    port: int

    def heard(self) -> bytes:
        """What the next client sent."""
        assert self.process.stdout is not None
        return eval(self.process.stdout.readline())


def start(
    background: Background,
    answer: bytes,
    enough: bytes = b"",
    ip: str = "127.0.0.1",
    port: int = 0,
) -> OneServer:
    """Start a server that answers as soon as what it was sent ends so."""
    process = background.start(
        [sys.executable, "-c", SCRIPT, ip, str(port), repr(answer), repr(enough)],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    return OneServer(process, int(process.stdout.readline()))
