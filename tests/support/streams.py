"""Filters: a dialogue with one, and how it ends when its standard streams are not what it hopes
for."""

from __future__ import annotations

import os
import signal
import subprocess

from tests.support.patience import PATIENCE
from tests.support.processes import Background

DIED_OF_SIGPIPE = -signal.SIGPIPE

# Each is a shell's redirection.
BROKEN = [
    "<&-", ">&-", "<&- >&-", ">/dev/full", "0>/dev/null", "</dev/null >&-", "</dev/null >/dev/full",
    "2>&-", "<&- 2>&-",
]  # fmt: skip


def code(command: list[str], redirection: str) -> int:
    """The exit code of a filter whose streams are redirected so."""
    shell = ["/bin/sh", "-c", f'exec "$0" "$@" {redirection}', *command]
    out = subprocess.DEVNULL
    return subprocess.run(
        shell, input=b"text\n", stdout=out, stderr=out, timeout=PATIENCE
    ).returncode


def dialogue(background: Background, command: list[str], *turns: tuple[bytes, int]) -> list[bytes]:
    """Send each text, and read as many bytes as are named with it before the next one; then, at
    the end of the input, read the rest."""
    child = background.start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    answers = []
    for text, size in turns:
        os.write(child.stdin.fileno(), text)
        answer = b""
        while len(answer) < size:
            answer += os.read(child.stdout.fileno(), size - len(answer)) or b"[EOF]"
        answers.append(answer)
    child.stdin.close()
    answers.append(child.stdout.read())
    assert child.wait(PATIENCE) == 0
    return answers


def end_without_a_reader(background: Background, command: list[str]) -> int:
    """How a filter ends whose reader is gone."""
    child = background.start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    child.stdout.close()
    child.stdin.write(b"text\n")
    child.stdin.close()
    return child.wait(PATIENCE)
