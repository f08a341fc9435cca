"""Control groups of version 2: whoever is in one cannot fork itself out. Source: the kernel's
Documentation/admin-guide/cgroup-v2.rst."""

from __future__ import annotations

import os
from collections.abc import Iterator

from supervise.unix import files

MOUNTS = "/proc/self/mountinfo"
OWN = "/proc/self/cgroup"
PREFIX = b"0::"  # of the one line that is about version 2


def own() -> str | None:
    """The directory of the group that we are in; None where none is mounted."""
    try:
        mount = mount_point(files.read_whole(MOUNTS))
        lines = files.read_whole(OWN).splitlines()
    except OSError:
        return None
    name = next((line.removeprefix(PREFIX) for line in lines if line.startswith(PREFIX)), None)
    if mount is None or name is None:
        return None
    return os.fsdecode(mount + name.rstrip(b"/"))


def mount_point(mounts: bytes) -> bytes | None:
    """Where version 2 is mounted, as /proc/PID/mountinfo tells it; proc(5)."""
    for line in mounts.splitlines():
        place, _, kind = line.partition(b" - ")
        if kind.startswith(b"cgroup2 "):
            return place.split()[4]
    return None


def make(path: str) -> None:
    """Make a group that is to be killed one day; OSError where that cannot be. One that is there
    will do."""
    try:
        os.mkdir(path, 0o755)
    except FileExistsError:
        pass
    os.stat(f"{path}/cgroup.kill")  # since Linux 5.14


def enter(path: str, pid: int) -> None:
    """Put a process there, with all that it will start."""
    write(f"{path}/cgroup.procs", b"%d" % pid)


def kill(path: str) -> None:
    """KILL whoever is in the group or below it, and whoever they fork meanwhile."""
    write(f"{path}/cgroup.kill", b"1")


def write(path: str, word: bytes) -> None:
    descriptor = files.open_write(path)
    try:
        os.write(descriptor, word)
    finally:
        os.close(descriptor)


def below(path: str) -> Iterator[str]:
    """The directories of a group and of those below it, the lowest first."""
    for directory, _, _ in os.walk(path, topdown=False):
        yield directory


def members(path: str) -> set[int]:
    """Who lives in a group or below it; nobody where it is gone. Whoever cannot be seen from our
    namespace is left out."""
    pids: set[int] = set()
    for directory in below(path):
        try:
            pids.update(map(int, files.read_whole(f"{directory}/cgroup.procs").split()))
        except OSError:
            pass  # gone meanwhile, or made of threads, whose processes are listed above
    return pids - {0}


def remove(path: str) -> None:
    """Remove a group and those below it; OSError where somebody is left there."""
    for directory in below(path):
        os.rmdir(directory)
