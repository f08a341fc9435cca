"""addcr and delcr beside the originals: called in ways that cannot work."""

from __future__ import annotations

from pathlib import Path

from tests.support import processes
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
