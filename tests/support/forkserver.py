"""A process that forks our programs for the oracles: small, so that a fork takes a third of the
5 ms that it takes from a process with pytest in it.

It imports a program when it is first called, and the modules that the environment names at once.
"""

from __future__ import annotations

import importlib
import marshal
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from supervise import program, registry

ROOT = Path(__file__).parents[2]
MESSAGE = 2**18  # bytes: more than any command line here
STREAMS = 3
PRELOAD = "SUPERVISE_TEST_PRELOAD"


class ForkServer:
    """Our end of it."""

    def __init__(self, preload: Sequence[str] = ()) -> None:
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", __spec__.name, str(theirs.fileno())],
                pass_fds=[theirs.fileno()], cwd=ROOT, env={PRELOAD: " ".join(preload)},
            )  # fmt: skip

    def start(
        self, name: str, argv: Sequence[str], streams: Sequence[int], cwd: str, env: dict[str, str]
    ) -> int:
        """Call a program in a fork; returns its pid."""
        words = [list(map(os.fsencode, argv)), os.fsencode(cwd)]
        variables = {os.fsencode(name): os.fsencode(value) for name, value in env.items()}
        message = marshal.dumps([name, *words, variables])
        socket.send_fds(self.socket, [message], streams)
        return self.answer()

    def wait(self, pid: int, patience: float) -> int | None:
        """The wait status of what was started; None where it was not ended in time, and killed."""
        self.socket.sendall(marshal.dumps(pid))
        self.socket.settimeout(patience)
        try:
            return self.answer()
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            self.answer()
            return None
        finally:
            self.socket.settimeout(None)

    def answer(self) -> int:
        answer = self.socket.recv(MESSAGE)
        assert answer, "the fork server is gone"
        return marshal.loads(answer)

    def end(self) -> None:
        self.socket.close()
        self.process.wait()


running: list[ForkServer] = []


def get(preload: Sequence[str] = ()) -> ForkServer:
    """The one that serves this test; started by the first who wants it."""
    if not running:
        running.append(ForkServer(preload))
    return running[0]


def end() -> None:
    """End the one of this test, if there is one."""
    while running:
        running.pop().end()


def serve(requests: socket.socket) -> None:
    while True:
        message, streams, _, _ = socket.recv_fds(
            requests, MESSAGE, STREAMS, socket.MSG_CMSG_CLOEXEC
        )
        if not message:
            return
        request = marshal.loads(message)
        answer = os.waitpid(request, 0)[1] if isinstance(request, int) else fork(*request, streams)
        requests.sendall(marshal.dumps(answer))


def fork(
    name: str, argv: list[bytes], cwd: bytes, env: dict[bytes, bytes], streams: list[int]
) -> int:
    registry.load(name)
    pid = os.fork()
    if pid == 0:
        try:
            become(name, argv, cwd, env, streams)
        finally:
            os._exit(99)
    for stream in streams:
        os.close(stream)
    return pid


def become(name: str, argv: list[bytes], cwd: bytes, env: dict[bytes, bytes], streams: Any) -> None:
    """Be what the operating system would have made of us."""
    os.chdir(cwd)
    os.environb.clear()
    os.environb.update(env)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    program.forget()
    os._exit(program.run(name, list(map(os.fsdecode, argv))))


if __name__ == "__main__":
    for module in os.environ[PRELOAD].split():
        importlib.import_module(module)
    serve(socket.socket(fileno=int(sys.argv[1])))
