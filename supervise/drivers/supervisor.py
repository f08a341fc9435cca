"""supervise's loop: one service machine joined to its directory, its child and its commands."""

from __future__ import annotations

import os
from collections.abc import Callable
from signal import SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM

from supervise import errors
from supervise.drivers import clock, servicedir, steadfast
from supervise.drivers.ownership import Ownership
from supervise.drivers.steadfast import warn_unable_to
from supervise.machines.service import (
    AwaitRest,
    Effect,
    Exit,
    Publish,
    Service,
    Signal,
    SignalRest,
    Spawn,
)
from supervise.unix import channels, linux, processes, signals
from supervise.unix.waiting import Waiter

PROGRAM = "supervise"
STOP_SIGNALS = {SIGTERM, SIGINT, SIGHUP, SIGQUIT}

# Orders come from svscan over a socket: control letters, and these of its own.
STOP = b"\x02"  # stop the service and leave when no process of it remains
DRAIN = b"\x04"  # the writer of your input is gone: read it to the end, then leave
STDOUT = b"\x01"  # a descriptor comes along: it is standard output from the next start on


def supervise(
    path: str,
    run: Callable[[], int],
    orders: int | None = None,
    announced: Callable[[], None] | None = None,
) -> int:
    """Go there and supervise until told to leave; the exit code. `announced` is called once svc
    and svstat are answered."""
    with errors.unable_to(f"chdir to {path}"):
        os.chdir(path)
    supervisor = Supervisor(path, run, orders)
    supervisor.announce()
    if announced is not None:
        announced()
    supervisor.supervise()
    return 0


class Supervisor:
    """Supervise the current directory until told to leave.

    `run` is what the child does; it is called after a fork, in a session of its own. `orders` is
    svscan's socket.
    """

    def __init__(self, path: str, run: Callable[[], int], orders: int | None = None) -> None:
        self.path = path
        self.run = run
        with errors.unable_to(f"create pipe for {path}"):
            self.wakeup = steadfast.listen(*STOP_SIGNALS)
        with errors.unable_to(f"stat {path}/down"):
            normally_up = servicedir.normally_up()
        self.directory = Ownership(path)
        self.service = Service(clock.now(), normally_up)
        self.pidfd = -1
        self.groups: set[int] = set()  # each child leads one, and may leave others in it
        with warn_unable_to(PROGRAM, "become subreaper"):
            linux.become_subreaper()
        self.finished = False
        self.waiter = Waiter()
        self.orders: int | None = orders
        for descriptor in (self.directory.control, self.wakeup, orders):
            if descriptor is not None:
                self.waiter.add(descriptor)

    def announce(self) -> None:
        """Be there for svc and svstat."""
        self.directory.publish(self.service.status)
        self.directory.announce()

    def supervise(self) -> None:
        """The loop; returns when the service is left."""
        self.perform(self.service.tick(clock.now()))
        while not self.finished:
            steadfast.take_turn(PROGRAM, self.turn)

    def turn(self) -> None:
        """Wait, and do what there is to do."""
        ready = self.waiter.wait(self.service.deadline)
        if self.orders in ready:
            self.take_order()  # before a death, which may be what the order is about
        if self.wakeup in ready:
            self.hear_signals()
        if self.directory.control in ready:
            self.hear_commands()
        if not self.finished:
            self.perform(self.service.tick(clock.now()))

    def hear_signals(self) -> None:
        caught = signals.take()
        if caught & STOP_SIGNALS:
            self.perform(self.service.stop(clock.now()))
        if SIGCHLD in caught:
            self.reap()

    def reap(self) -> None:
        """Collect whoever has ended: our child, or what it or an earlier one has left behind."""
        ended = dict(processes.reap())
        self.forget_empty_groups()
        if self.service.pid in ended:
            status = ended[self.service.pid]
            os.close(self.pidfd)
            self.perform(self.service.exited(status, clock.now()))
        elif self.service.sweeping:
            self.await_rest()

    def forget_empty_groups(self) -> None:
        # A child that was forked a moment ago has not made its group yet.
        child = self.service.pid
        self.groups = {
            group for group in self.groups if group == child or processes.group_exists(group)
        }

    def await_rest(self) -> None:
        # Whoever was collected by a parent elsewhere has ended without a word to us.
        self.forget_empty_groups()
        if not self.groups:
            self.perform(self.service.rest_gone(clock.now()))

    def hear_commands(self) -> None:
        try:
            letters = self.directory.commands()
        except EOFError:
            # It would be readable for ever; the service matters more than its control.
            self.waiter.remove(self.directory.control)
            errors.warn(PROGRAM, f"unable to read {self.path}/supervise/control: not a fifo")
        else:
            self.obey(letters)

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
        elif order == STOP:
            self.perform(self.service.stop(clock.now()))
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
                    with warn_unable_to(PROGRAM, f"signal {self.path}/run"):
                        processes.send(self.pidfd, number)
                case Publish(status):
                    self.directory.publish(status)
                case SignalRest(number):
                    for group in self.groups:
                        processes.send_to_group(group, number)
                case AwaitRest():
                    self.await_rest()
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
            self.groups.add(pid)
            self.perform(self.service.started(pid, clock.now()))

    def warn_of_fork(self, error: OSError) -> None:
        pause = f"sleeping {self.service.fork_pause:g} seconds"
        why = errors.reason(error)
        errors.warn(PROGRAM, f"unable to fork for {self.path}, {pause}: {why}")

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
