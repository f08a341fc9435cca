"""addcr and delcr beside the originals: fed in turns, and called in ways that cannot work."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support import processes
from tests.support.patience import PATIENCE
from tests.support.sidebyside import BASE

# What is done with a filter, as words of a shell; %s is its path.
CALLS = [
    "printf 'a\\n' | %s >/dev/full",
    "printf 'ab\\r' | %s >/dev/full",
    "printf '' | %s >/dev/full",
    "printf 'a\\n' | %s >&-",
    "printf '' | %s >&-",
    "%s <&-",
    "printf 'a\\r\\n' | %s -x --help y",
    "yes | head -c 300000 | { %s; echo $? >&2; } | true",
    "head -c 300000 /dev/zero | tr '\\0' '\\n' | %s",
]


def both(name: str) -> tuple[str, str]:
    return f"/usr/bin/{name}", processes.script(name)


def same_call(name: str, call: str, folder: Path) -> None:
    """Both exit with the same code after the same output; what ours says of it is its own."""
    original, ours = (
        processes.finish(["/bin/sh", "-c", call % path], env=BASE, cwd=folder)
        for path in both(name)
    )
    assert ours[:2] == original[:2]
    assert ("fatal" in ours.stderr.decode()) == (original.code == 111)


def same_dialogue(name: str, turns: list[bytes]) -> None:
    """Both have written the same after each turn, and after the end."""
    original, ours = (answers(path, turns) for path in both(name))
    assert ours == original


def answers(path: str, turns: list[bytes]) -> list[bytes]:
    """What a filter wrote after each turn and at the end; a marker shows that it is done.

    The marker is a byte that no filter changes or holds back, and stays in the answer.
    """
    found = []
    with subprocess.Popen(
        [path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        for turn in turns:
            process.stdin.write(turn + b"$")
            answer = b""
            while answer.count(b"$") <= turn.count(b"$"):
                answer += process.stdout.read(65536)
            found.append(answer)
        process.stdin.close()
        found.append(process.stdout.read())
        assert process.wait(PATIENCE) == 0
    return found
