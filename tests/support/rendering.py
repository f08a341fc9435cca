"""Pages as their readers see them, and what the tools that show them complain about."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE

ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "MANWIDTH": "1000"}
# Nothing printed, unless there is something to complain about.
CHECKS = {
    "man": ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"],
    "mandoc": ["mandoc", "-Tlint", "-W", "warning"],
}
SHOWS = {
    "man": ["man", "-E", "UTF-8", "-l", "-P", "cat"],
    "mandoc": ["mandoc", "-Tutf8", "-Owidth=1000"],
}


def run(command: list[str], path: Path) -> subprocess.CompletedProcess[str]:
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs {command[0]}")
    argv = [*command, str(path)]
    return subprocess.run(
        argv, env=ENVIRONMENT, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False
    )


def complaints(tool: str, path: Path) -> str:
    done = run(CHECKS[tool], path)
    return done.stderr + (done.stdout if tool == "mandoc" else "")


def shown(tool: str, path: Path) -> list[str]:
    """The words of a page, in order; an apostrophe is what was typed as one."""
    done = run(SHOWS[tool], path)
    assert done.returncode == 0, done.stderr
    bare = subprocess.run(["col", "-bx"], input=done.stdout, capture_output=True, text=True)
    return bare.stdout.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split()
