"""Log directories as tests see them: labels left aside."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple


class Kept(NamedTuple):
    """A file of a log directory; an old log is called by its code alone."""

    name: str
    mode: int
    content: bytes


def kept(directory: Path) -> list[Kept]:
    """Everything in a log directory, old logs first and in order."""
    return [
        Kept(
            name.partition(".")[2] if is_old(name) else name,
            stat.S_IMODE((directory / name).stat().st_mode),
            (directory / name).read_bytes(),
        )
        for name in sorted(os.listdir(directory), key=lambda name: (not is_old(name), name))
    ]


def is_old(name: str) -> bool:
    return name.startswith("@") and len(name) == 27


def logged(directory: Path) -> bytes:
    """All that was logged and kept, in order."""
    return (
        b"".join(
            (directory / name).read_bytes()
            for name in sorted(name for name in os.listdir(directory) if is_old(name))
        )
        + (directory / "current").read_bytes()
    )


def codes(directory: Path) -> list[str]:
    """The codes of the old logs, in order."""
    return [name[26:] for name in sorted(os.listdir(directory)) if is_old(name)]
