"""Call one of our programs and the original it re-creates in the same way, and compare."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support import processes
from tests.support.processes import Finished

# A LANG that is no «C» keeps the interpreter from putting an LC_CTYPE of its own.
BASE = {"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}


# Another directory makes them look as if they were not installed.
ORIGINALS = os.environ.get("SUPERVISE_TEST_ORIGINALS", "/usr/bin")
NEEDS = "needs the original"


class Outcome(NamedTuple):
    """How a program ended, and what is in its directory afterwards."""

    finished: Finished
    files: dict[str, object]


def needs(*names: str) -> pytest.MarkDecorator:
    """Skip where the originals are not installed."""
    missing = [name for name in names if not os.path.exists(f"{ORIGINALS}/{name}")]
    return pytest.mark.skipif(bool(missing), reason=f"{NEEDS} {', '.join(missing or names)}")


def theirs(
    folder: Path, name: str, *argv: str, stdin: bytes = b"", env: dict[str, str] | None = None
) -> Outcome:
    """Run the original in a directory."""
    command = [f"/usr/bin/{name}", *argv]
    done = processes.finish(command, stdin, cwd=folder, env=BASE if env is None else env)
    return Outcome(done, listing(folder))


def ours(
    folder: Path, name: str, *argv: str, stdin: bytes = b"", env: dict[str, str] | None = None
) -> Outcome:
    """Call our program in a fork, in a directory."""
    streams = folder.parent / (folder.name + ".streams")
    streams.mkdir(exist_ok=True)
    env = BASE if env is None else env
    done = processes.finish_in_fork(name, list(argv), stdin, streams, folder, env)
    return Outcome(done, listing(folder))


def listing(folder: Path) -> dict[str, object]:
    """Mode and content of everything in a directory."""
    return {path.name: describe(path) for path in sorted(folder.iterdir())}


def describe(path: Path) -> object:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return f"link to {os.readlink(path)}"
    return oct(mode), path.read_bytes() if stat.S_ISREG(mode) else None


def empty(path: Path) -> Path:
    """A directory of that name, with nothing in it."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    return path
