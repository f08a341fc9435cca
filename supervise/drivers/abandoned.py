"""Supervises whose svscan was killed: they go on, and the next svscan takes them over as they are,
with the very pipes.

One that was started by hand, or belongs to an svscan that lives, is not taken: it says itself that
its svscan is gone, with a lock that the kernel knows the holder of; and whoever has taken it holds
another lock on the same file (flock(2), which is none of the first kind) as long as it lives.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from supervise.drivers import adoption, pidfile, servicedir
from supervise.drivers.pidfile import Holder
from supervise.unix import descriptors, files, locks, processes


class AdoptedSupervise:
    """A supervise that is not our child. It takes orders over its control FIFO, and its end shows
    on `pidfd`."""

    def __init__(self, path: str, holder: Holder, claim: int, control: int) -> None:
        """`claim` holds the lock that says whose it is."""
        self.name = path
        self.pid, self.pidfd = holder
        self.claim = claim
        self.control = control
        self.last_word = b""  # it has nowhere to say one
        self.running = True

    def order(self, letters: bytes, *carried: int) -> None:
        """As a SuperviseProcess. A descriptor cannot be carried to it, but to the next one, which
        adopts its child: so it must go."""
        if not self.running:
            return
        if carried:
            self.make_room()
            return
        processes.send(self.pidfd, signal.SIGCONT)
        os.write(self.control, letters)

    def make_room(self) -> None:
        """For one that has what this one lacks."""
        processes.send(self.pidfd, signal.SIGKILL)

    def place(self, standard: int) -> str:
        """The path of what that descriptor of it leads to."""
        return f"/proc/{self.pid}/fd/{standard}"

    def ended(self, status: int) -> None:
        self.running = False
        for descriptor in (self.control, self.claim, self.pidfd):
            descriptors.close(descriptor)


def supervise(path: str) -> AdoptedSupervise | None:
    """The abandoned supervise of a directory, ours from now on; None where there is none."""
    holder = find(path)
    if holder is None:
        return None
    try:
        return claimed(path, holder)
    except OSError:
        descriptors.close(holder.pidfd)
        return None


def claimed(path: str, holder: Holder) -> AdoptedSupervise:
    """Take that one; OSError where it belongs to another svscan, or leaves just now."""
    claim = files.open_read(f"{path}/{adoption.CHILD}")
    try:
        locks.exclusive(claim, wait=False)
        control = files.open_write(f"{path}/{servicedir.CONTROL}")
    except OSError:
        descriptors.close(claim)
        raise
    return AdoptedSupervise(path, holder, claim, control)


def is_there(path: str) -> bool:
    holder = find(path)
    if holder is not None:
        descriptors.close(holder.pidfd)
    return holder is not None


def find(path: str) -> Holder | None:
    try:
        descriptor = files.open_read(f"{path}/{adoption.CHILD}")
    except OSError:
        return None
    try:
        return pidfile.find_holder(descriptor, adoption.ABANDONED)
    except OSError:
        return None  # it cannot be seen from here
    finally:
        descriptors.close(descriptor)


def was_killed(path: str) -> bool:
    """Whether a supervise that has ended may have left something to be taken over."""
    try:
        return adoption.left_in(path) is not None
    except OSError:
        return True  # whoever takes over looks again


def pipe(main: str | None, log: str | None) -> list[int] | None:
    """The pipe between the abandoned supervises of a service and of its log: new descriptors of
    its read end and its write end. That of the log counts, which may hold lines to be read."""
    for path, standard in ((log, 0), (main, 1)):
        holder = find(path) if path is not None else None
        if holder is None:
            continue
        try:
            ends = open_both(f"/proc/{holder.pid}/fd/{standard}")
        finally:
            descriptors.close(holder.pidfd)
        if ends is not None:
            return ends
    return pipe_of_children(main, log) if main and log else None


def pipe_of_children(main: str, log: str) -> list[int] | None:
    """The pipe where the supervises were killed too: the one that their children share, since one
    of them may have put something else in the place of it."""
    with child(main) as writer, child(log) as reader:
        if writer is None or reader is None:
            return None
        place = f"/proc/{reader}/fd/0"
        try:
            shared = os.path.samestat(os.stat(f"/proc/{writer}/fd/1"), os.stat(place))
        except OSError:
            return None  # one of them cannot be looked at
        return open_both(place) if shared else None


@contextmanager
def child(path: str) -> Iterator[int | None]:
    """The pid of what a killed supervise has left; it means that very process in the block."""
    left = adoption.left_in(path)
    pid = left[0].status.pid if left is not None else None
    pidfd = adoption.find(pid, left[1]) if left is not None and pid is not None else None
    try:
        yield pid if pidfd is not None else None
    finally:
        if pidfd is not None:
            descriptors.close(pidfd)


def open_both(place: str) -> list[int] | None:
    """Both ends of the pipe that a descriptor of a process leads to; None where it leads elsewhere,
    or cannot be looked at."""
    try:
        if not os.readlink(place).startswith("pipe:"):
            return None
        reading = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            writing = os.open(place, os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            descriptors.close(reading)
            raise
        os.set_blocking(reading, True)
    except OSError:
        return None
    return [reading, writing]
