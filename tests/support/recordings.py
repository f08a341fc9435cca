"""recordio leaves a helper behind its program: run both to their ends, and read the log."""

from __future__ import annotations

import subprocess
from typing import Any, NamedTuple

from tests.support import processes
from tests.support.patience import PATIENCE, eventually


class Recording(NamedTuple):
    """What came of it; in the log the program's pid is written PID."""

    code: int
    stdout: bytes
    log: bytes


def record(argv: list[str], stdin: bytes = b"", **options: Any) -> Recording:
    """Run a command line until its program and its helper have ended."""
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(argv, **{**streams, **options}) as process:
        stdout, log = process.communicate(stdin, PATIENCE)
    gone()
    return Recording(process.returncode, stdout, without_pid(log, process.pid))


def gone() -> None:
    """Wait for the helper, which became our child when its program ended."""

    def nobody() -> bool:
        processes.reap_orphans()
        return not processes.children()

    eventually(nobody, "the helper ends")


def without_pid(log: bytes, pid: int) -> bytes:
    lines = log.split(b"\n")
    known = b"%d " % pid
    return b"\n".join(
        b"PID " + line[len(known) :] if line.startswith(known) else line for line in lines
    )
