"""Which failures a system call can answer with, and where they are put: what strace is told, and
what it says."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

# What calls can say of the troubles that this is about. Calls that take no memory and touch nothing
# outside are left out: they cannot fail where their arguments are right.
GROUPS = {
    "write pwrite64": "ENOSPC EIO EINTR EAGAIN",
    "read pread64 getdents64": "EIO EINTR ENOMEM",
    "splice sendfile copy_file_range": "ENOSPC EIO EINTR EAGAIN ENOMEM",
    "open openat": "ENOSPC EIO EINTR EMFILE ENOMEM",
    "close fsync fdatasync ftruncate fallocate": "EIO ENOSPC EINTR",
    "stat lstat fstat newfstatat statx access faccessat2 readlink": "EIO ENOMEM",
    "mkdir mkdirat mknod mknodat rename renameat2 link linkat": "ENOSPC EIO",
    "unlink unlinkat chmod fchmod chdir fchdir": "EIO ENOMEM",
    "clone clone3 fork vfork": "EAGAIN ENOMEM",
    "pipe pipe2 socketpair pidfd_open inotify_init1 dup dup2 epoll_create1": "ENOMEM EMFILE",
    "inotify_add_watch": "ENOSPC ENOMEM",
    "poll ppoll epoll_wait select pselect6": "EINTR ENOMEM",
    "sendmsg recvmsg": "EINTR EAGAIN ENOMEM",
    "wait4 waitid": "EINTR",
    "flock": "EINTR ENOMEM",
    "fcntl ioctl": "EINTR ENOMEM",
    "mmap mremap mprotect prctl pidfd_send_signal kill": "ENOMEM",
}
ERRORS = {call: tuple(errors.split()) for calls, errors in GROUPS.items() for call in calls.split()}

CALL = re.compile(r"(?:\d+ +)?(\w+)\(")
ON_PIPE = re.compile(r"\w+\(\d+<(?:pipe|socket|UNIX)[:-]")  # as strace -yy shows a descriptor
FROM_PIPE = {"EINTR"}  # there is no disk behind it, and it takes no memory


class Fault(NamedTuple):
    """The nth call of this name fails so."""

    call: str
    nth: int
    error: str

    @property
    def inject(self) -> str:
        return f"inject={self.call}:error={self.error}:when={self.nth}"

    def __str__(self) -> str:
        return f"{self.call}#{self.nth}={self.error}"


def fault(text: str) -> Fault:
    """The other way round; ValueError for what is none."""
    call, _, rest = text.partition("#")
    nth, _, error = rest.partition("=")
    if error not in ERRORS.get(call, ()):
        raise ValueError(text)
    return Fault(call, int(nth), error)


def faults(trace: str) -> list[Fault]:
    """Each position with each error that it can answer, from what strace tells of a run in which
    nothing failed."""
    made = Counter[str]()
    found = []
    for line in trace.splitlines():
        call = CALL.match(line)
        if call:
            made[call[1]] += 1
            found += [Fault(call[1], made[call[1]], error) for error in answers(call[1], line)]
    return found


def answers(call: str, line: str) -> tuple[str, ...]:
    """What this very call can answer."""
    errors = ERRORS.get(call, ())
    if ON_PIPE.search(line):
        return tuple(error for error in errors if error in FROM_PIPE)
    return errors


def applied(fault: Fault, trace: str) -> bool:
    """Whether it happened, and to a call that can answer so: a position is not the same call in
    each run."""
    hit = next((line for line in trace.splitlines() if line.endswith("(INJECTED)")), "")
    return fault.error in answers(fault.call, hit) if hit else False


def positions(found: list[Fault]) -> int:
    """How many single calls those are."""
    return len({(fault.call, fault.nth) for fault in found})
