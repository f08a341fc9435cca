"""supervise's loop: one service machine joined to its directory, its child and its commands."""

from __future__ import annotations

import os
from collections.abc import Callable
from signal import SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM

from supervise import errors
from supervise.drivers import clock, servicedir
from supervise.drivers.ownership import Ownership
from supervise.machines.service import Effect, Exit, Publish, Service, Signal, Spawn
from supervise.unix import channels, processes, signals
from supervise.unix.waiting import Waiter

STOP_SIGNALS = {SIGTERM, SIGINT, SIGHUP, SIGQUIT}

# Orders come from svscan over a socket: control letters, and these two of its own.
DRAIN = b"\x04"  # the writer of your input is gone: read it to the end, then leave
STDOUT = b"\x01"  # a descriptor comes along: it is standard output from the next start on


class Supervisor:
    """Supervise the current directory until told to leave.

    `run` is what the child does; it is called after a fork, in a session of its own. `orders` is
    svscan's socket.
    """

    def __init__(self, path: str, run: Callable[[], int], orders: int | None = None) -> None:
        self.path = path
        self.run = run
        with errors.unable_to(f"stat {path}/down"):
            normally_up = servicedir.normally_up()
        self.directory = Ownership(path)
        self.service = Service(clock.now(), normally_up)
        self.pidfd = -1
        self.finished = False
        self.waiter = Waiter()
        self.orders: int | None = orders
        self.wakeup = signals.wake_on(SIGCHLD, *STOP_SIGNALS)
        for descriptor in (self.directory.control, self.wakeup, orders):
            if descriptor is not None:
                self.waiter.add(descriptor)

    def supervise(self) -> None:
        """The loop; returns when the service is left."""
        self.directory.publish(self.service.status)
        self.directory.announce()
        self.perform(self.service.tick(clock.now()))
        while not self.finished:
            ready = self.waiter.wait(self.service.deadline)
            if self.wakeup in ready:
                self.hear_signals()
            if self.directory.control in ready:
                self.obey(self.directory.commands())
            if self.orders in ready:
                self.take_order()
            if not self.finished:
                self.perform(self.service.tick(clock.now()))

    def hear_signals(self) -> None:
        caught = signals.take()
        if SIGCHLD in caught:
            for pid, status in processes.reap():
                if pid == self.service.pid:
                    self.bury()
                    self.perform(self.service.exited(status, clock.now()))
        if caught & STOP_SIGNALS:
            self.obey([b"d", b"x"])

    def obey(self, letters: list[bytes]) -> None:
        for letter in letters:
            if self.finished:
                return  # what follows an x that ended us is never read
            self.perform(self.service.command(letter, clock.now()))

    def take_order(self) -> None:
        """One message from svscan; its end means that svscan is gone, and we go on without it."""
        assert self.orders is not None
        order, descriptors = channels.receive(self.orders)
        if not order:
            self.waiter.remove(self.orders)
            os.close(self.orders)
            self.orders = None
        elif order == DRAIN:
            self.perform(self.service.drain(clock.now()))
        elif order == STDOUT:
            for descriptor in descriptors:
                os.dup2(descriptor, 1)
                os.close(descriptor)
            self.perform(self.service.log_appeared(clock.now()))
        else:
            self.obey([bytes([letter]) for letter in order])

    def perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Spawn():
                    self.start()
                case Signal(number):
                    processes.send(self.pidfd, number)
                case Publish(status):
                    self.directory.publish(status)
                case Exit():
                    self.finished = True

    def start(self) -> None:
        try:
            pid = processes.fork(self.child)
            self.pidfd = processes.open_or_kill(pid)
        except OSError as error:
            self.warn_of_fork(error)
            self.perform(self.service.not_started(clock.now()))
        else:
            self.perform(self.service.started(pid, clock.now()))

    def warn_of_fork(self, error: OSError) -> None:
        pause = f"sleeping {self.service.fork_pause:g} seconds"
        why = errors.reason(error)
        errors.warn("supervise", f"unable to fork for {self.path}, {pause}: {why}")

    def child(self) -> int:
        # A session of its own: the terminal's signals are for svscan, which passes on what is
        # right for each.
        os.setsid()
        try:
            return self.run()
        except OSError as error:
            errors.diagnose(
                f"supervise: fatal: unable to start {self.path}/run: {errors.reason(error)}"
            )
            return errors.TEMPORARY

    def bury(self) -> None:
        os.close(self.pidfd)
        self.pidfd = -1
