"""Supervises whose svscan was killed: they go on, and the next svscan takes them over as they are,
with the very pipes.

One that was started by hand, or belongs to an svscan that lives, is not taken: it says itself that
its svscan is gone, with a lock that the kernel knows the holder of.
"""

from __future__ import annotations

import os
import signal

from supervise.drivers import adoption, pidfile, servicedir
from supervise.drivers.pidfile import Holder
from supervise.unix import files, processes


class AdoptedSupervise:
    """A supervise that is not our child. It takes orders over its control FIFO, and its end shows
    on `pidfd`."""

    def __init__(self, path: str, holder: Holder) -> None:
        self.name = path
        self.pidfd = holder.pidfd
        self.control = files.open_write(f"{path}/{servicedir.CONTROL}")
        self.running = True

    def order(self, letters: bytes, *carried: int) -> None:
        """As a SuperviseProcess. A descriptor cannot be carried to it, but to the next one, which
        adopts its child: so it must go."""
        if not self.running:
            return
        if carried:
            processes.send(self.pidfd, signal.SIGKILL)
            return
        os.write(self.control, letters)
        processes.send(self.pidfd, signal.SIGCONT)

    def ended(self, status: int) -> None:
        self.running = False
        os.close(self.control)
        os.close(self.pidfd)


def supervise(path: str) -> AdoptedSupervise | None:
    """The abandoned supervise of a directory; None where there is none."""
    holder = find(path)
    if holder is None:
        return None
    try:
        return AdoptedSupervise(path, holder)
    except OSError:
        os.close(holder.pidfd)
        return None  # it leaves just now


def is_there(path: str) -> bool:
    holder = find(path)
    if holder is not None:
        os.close(holder.pidfd)
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
        os.close(descriptor)


def was_killed(path: str) -> bool:
    return adoption.left_in(path) is not None


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
            os.close(holder.pidfd)
        if ends is not None:
            return ends
    return None


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
            os.close(reading)
            raise
        os.set_blocking(reading, True)
    except OSError:
        return None
    return [reading, writing]
