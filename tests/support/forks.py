"""Call a function in a process of its own, for what would change the test's."""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from supervise.unix import processes

T = TypeVar("T")


def in_a_fork(function: Callable[[], T]) -> T:
    """What the function returned; an exception in it fails the test, and is on standard error.

    The answer comes in a file, since the function may close every descriptor.
    """
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)  # it may be another user who answers
        answer = Path(folder, "answer")

        def child() -> int:
            result = function()
            answer.write_bytes(pickle.dumps(result))
            return 0

        _, status = os.waitpid(processes.fork(child), 0)
        assert status == 0, f"the fork ended with wait status {status:#x}"
        return pickle.loads(answer.read_bytes())


def signal_sets(pid: int | str = "self") -> dict[str, set[int]]:
    """The signals that a process ignores, catches and blocks, by their names in /proc."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = dict(line.split(":\t", 1) for line in lines if line.startswith("Sig"))
    return {name: numbers(int(fields[name], 16)) for name in ("SigIgn", "SigCgt", "SigBlk")}


def numbers(mask: int) -> set[int]:
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}
