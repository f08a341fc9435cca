"""Real processes: run one to its end, start one for the length of a test, and see who is left."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from supervise import program
from tests.support.patience import LOOK_AGAIN, PATIENCE, eventually

PR_SET_CHILD_SUBREAPER = 36
SCRIPTS = Path(sys.prefix, "bin")


class Finished(NamedTuple):
    code: int
    stdout: bytes
    stderr: bytes


def module(name: str, *argv: str) -> list[str]:
    """The command line of one of our programs, in an interpreter of its own."""
    return [sys.executable, "-m", "supervise", name, *argv]


def script(name: str) -> str:
    """The installed console script of one of our programs, by its absolute path."""
    return str(SCRIPTS / name)


def our_path() -> str:
    """A PATH on which our programs come before whatever else the machine has."""
    return f"{SCRIPTS}:/usr/local/bin:/usr/bin:/bin"


def finish(argv: list[str], stdin: bytes = b"", **options: Any) -> Finished:
    """Run a command to its end."""
    done = subprocess.run(argv, input=stdin, capture_output=True, timeout=PATIENCE, **options)
    return Finished(done.returncode, done.stdout, done.stderr)


def finish_in_fork(
    name: str,
    argv: list[str],
    stdin: bytes,
    folder: Path,
    cwd: Path | None,
    env: dict[str, str] | None,
) -> Finished:
    """Call a program in a fork of the test's own process; files stand for the three streams."""
    paths = [folder / stream for stream in ("stdin", "stdout", "stderr")]
    paths[0].write_bytes(stdin)
    pid = os.fork()
    if pid == 0:
        try:
            for number, path in enumerate(paths):
                os.dup2(
                    os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC * (number > 0), 0o600), number
                )
            if cwd is not None:
                os.chdir(cwd)
            if env is not None:
                os.environ.clear()
                os.environ.update(env)
            sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
            program.forget()
            os._exit(program.run(name, argv))
        finally:
            os._exit(99)
    _, status = os.waitpid(pid, 0)
    return Finished(os.waitstatus_to_exitcode(status), paths[1].read_bytes(), paths[2].read_bytes())


def become_subreaper() -> None:
    """Make whatever a test's processes orphan our child, so that it can be seen and counted."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def children(pid: int | None = None) -> list[int]:
    """The living children of a process, zombies left out."""
    pid = pid or os.getpid()
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a thread that ends leaves its children to us
            found += [int(word) for word in (task / "children").read_text().split()]
    return [child for child in found if state(child) not in ("Z", "gone")]


def descendants(pid: int) -> list[int]:
    """Everything below a process, nearest first."""
    found = children(pid)
    for child in found:
        try:
            found += children(child)
        except FileNotFoundError:
            pass
    return found


def state(pid: int) -> str:
    """The letter of /proc/PID/stat, or «gone»."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0].decode()
    except (FileNotFoundError, ProcessLookupError):
        return "gone"


def title(pid: int) -> str:
    """The words of a process as ps shows them."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


class Background:
    """The processes that a test starts; all of them are ended with it."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, argv: list[str], **options: Any) -> subprocess.Popen[bytes]:
        """Start a command in a session of its own."""
        process = subprocess.Popen(argv, start_new_session=True, **options)
        self.started.append(process)
        return process

    def end(self) -> None:
        """TERM, then KILL after patience, everything started; newest first."""
        for process in reversed(self.started):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait(PATIENCE)
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    stream.close()


def reap_orphans() -> None:
    """Collect what became our child and has ended."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return


def wait_for_exit(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while state(pid) not in ("Z", "gone") and time.monotonic() < deadline:
        time.sleep(LOOK_AGAIN)


def end_leftovers() -> list[str]:
    """Kill whatever is still below us; returns what it was.

    One that has no words any more has given up its memory, and is on its way out: it is waited for,
    and is a leftover only where it does not end.
    """
    reap_orphans()
    for pid in descendants(os.getpid()):
        if not title(pid):
            wait_for_exit(pid)
    reap_orphans()
    left = [f"{pid} {title(pid)}" for pid in descendants(os.getpid())]
    while alive := descendants(os.getpid()):
        for pid in alive:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        eventually(lambda pids=alive: all(state(pid) in ("Z", "gone") for pid in pids))
        reap_orphans()
    return left
