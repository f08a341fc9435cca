"""One call, made to the original and to ours at the same time, each in a process and a directory
of its own: how it ended, what it said, and what it left."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from supervise import program, registry
from supervise.unix import linux, signals
from tests.support import processes, recordings

NOT_STARTED = 99
STREAMS = ("stdin", "stdout", "stderr")
STAMP = re.compile(rb"@[0-9a-f]{24}")


class Call(NamedTuple):
    """Words and what surrounds them; `arrange` is done last in the process that makes the call."""

    name: str
    argv: tuple[str, ...]
    stdin: bytes = b""
    environment: Sequence[str | bytes] = ()
    arrange: Callable[[], None] = signals.reset
    called: str | None = None  # argument 0, where it is not the path


class Found(NamedTuple):
    """A file, a directory or whatever else was left."""

    name: bytes
    mode: int
    owner: tuple[int, int]
    content: bytes


class Result(NamedTuple):
    """What came of a call, without what differs from one run to the next."""

    code: int
    stdout: bytes
    stderr: bytes
    files: list[Found]


Start = Callable[[Call], None]
Folders = tuple[Path, Path]  # theirs and ours


def both(folders: Folders, call: Call, ours: Start) -> tuple[Result, Result]:
    """What came of the original and of ours."""
    starts = (theirs, ours)
    begun = [begin(call, *one) for one in zip(starts, folders, strict=True)]
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in begun]
    recordings.gone()
    original, other = map(result, (call, call), folders, begun, codes)
    return original, other


def begin(call: Call, start: Start, folder: Path) -> int:
    """The process of a call; files stand for its three streams."""
    paths = [folder.parent / name for name in STREAMS]
    for path, content in zip(paths, (call.stdin, b"", b""), strict=True):
        path.write_bytes(content)
    pid = os.fork()
    if pid:
        return pid
    try:
        for number, path in enumerate(paths):
            os.dup2(os.open(path, os.O_RDWR), number)
        os.closerange(len(paths), os.sysconf("SC_OPEN_MAX"))
        os.chdir(folder)
        signals.reset()
        call.arrange()
        start(call)
    finally:
        os._exit(NOT_STARTED)


def theirs(call: Call) -> None:
    execute(f"/usr/bin/{call.name}", call)


def installed(call: Call) -> None:
    """Ours as it is installed."""
    execute(processes.script(call.name), call)


def in_place(call: Call) -> None:
    """Ours without the start of an interpreter, which takes most of the time of a short call."""
    if call.name in registry.SHELL_PROGRAMS:
        installed(call)
    os.environb.clear()
    for variable in call.environment:
        name, _, value = os.fsencode(variable).partition(b"=")
        os.environb[name] = value
    program.forget()
    os._exit(program.run(call.name, list(call.argv)))


def execute(path: str, call: Call) -> None:
    """Exec with these very bytes: Python's own call refuses some that the kernel takes."""
    zero = path if call.called is None else call.called
    argv = linux.array([os.fsencode(word) for word in (zero, *call.argv)])
    linux.libc.execve(
        os.fsencode(path), argv, linux.array(list(map(os.fsencode, call.environment)))
    )


def result(call: Call, folder: Path, pid: int, code: int) -> Result:
    stdout, stderr = (
        plain((folder.parent / name).read_bytes(), folder, pid) for name in STREAMS[1:]
    )
    if call.name == "recordio":
        stderr = in_no_order(stderr)
    return Result(code, stdout, stderr, contents(folder))


def contents(folder: Path) -> list[Found]:
    """Everything in a directory and below it; times are left out of names and contents."""
    return [found(path, str(path.relative_to(folder))) for path in sorted(folder.rglob("*"))]


def found(path: Path, name: str) -> Found:
    status = path.lstat()
    content = b""
    if stat.S_ISLNK(status.st_mode):
        content = os.readlink(os.fsencode(path))
    elif stat.S_ISREG(status.st_mode) and os.access(path, os.R_OK):
        content = path.read_bytes()
    owner = status.st_uid, status.st_gid
    return Found(without_times(os.fsencode(name)), status.st_mode, owner, without_times(content))


def without_times(text: bytes) -> bytes:
    return STAMP.sub(b"@STAMP", text)


def plain(text: bytes, folder: Path, pid: int) -> bytes:
    text = without_times(text.replace(os.fsencode(folder.parent), b"PLACE"))
    return re.sub(rb"\b%d\b" % pid, b"PID", text)


def in_no_order(log: bytes) -> bytes:
    """What a recorder and its program say at the same time; the end of the input may not be seen
    before the program's."""
    return b"\n".join(sorted(line for line in log.split(b"\n") if line != b"PID < [EOF]"))
