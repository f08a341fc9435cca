"""supervise's loop: one service machine joined to its directory, its child and its commands."""

from __future__ import annotations

import os
from collections.abc import Callable
from signal import SIGCHLD, SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGTERM
from struct import Struct

from supervise import errors
from supervise.drivers import adoption, clock, servicedir, steadfast
from supervise.drivers.child import Child, Orphan
from supervise.drivers.ownership import Ownership
from supervise.drivers.publication import Publication
from supervise.drivers.rest import Rest
from supervise.drivers.steadfast import warn_unable_to
from supervise.drivers.sweeper import Sweeper
from supervise.formats.adoption import Birth, Memory
from supervise.machines.service import Service
from supervise.machines.serviceeffects import (
    AwaitRest,
    Effect,
    Exit,
    Publish,
    Signal,
    SignalRest,
    Spawn,
    Sweep,
)
from supervise.unix import channels, descriptors, exits, linux, processes, signals
from supervise.unix.waiting import Waiter

PROGRAM = "supervise"
STOP_SIGNALS = {SIGTERM, SIGINT, SIGHUP, SIGQUIT}

# Orders come from svscan over a socket: control letters, which it gives one that it has taken over
# through the FIFO, and these.
STDOUT = b"\x01"  # a descriptor comes along: it is standard output from the next start on


RENEW = b"\x07"  # make way for a supervise of another version, which adopts your child
MOST_GROUPS = 1000  # that one message can name
GROUP = Struct("<i")
ENDED = b"\x06"  # the child that you adopted has ended; its raw wait status follows
WAIT_STATUS = Struct("<i")


def supervise(
    path: str,
    run: Callable[[], int],
    orders: int | None = None,
    orphan: Orphan | None = None,
    announced: Callable[[], None] | None = None,
) -> int:
    """Go there and supervise until told to leave; the exit code. `announced` is called once svc
    and svstat are answered."""
    with errors.unable_to(f"chdir to {path}"):
        os.chdir(path)
    supervisor = Supervisor(path, run, orders, orphan)
    supervisor.announce()
    if announced is not None:
        announced()
    supervisor.supervise()
    return 0


class Supervisor:
    """Supervise the current directory until told to leave.

    `run` is what the child does; it is called after a fork, in a session of its own. `orders` is
    svscan's socket, and `orphan` what svscan knows of a child that is to be adopted.
    """

    def __init__(
        self,
        path: str,
        run: Callable[[], int],
        orders: int | None = None,
        orphan: Orphan | None = None,
    ) -> None:
        self.path = path
        self.child = Child(path, run)
        with errors.unable_to(f"create pipe for {path}"):
            self.wakeup = steadfast.listen(*STOP_SIGNALS)
        with errors.unable_to(f"stat {path}/down"):
            normally_up = servicedir.normally_up()
        self.directory = Ownership(path, after_another=orphan is not None)
        self.orphan = orphan
        self.record = adoption.Record(path)
        self.publication = Publication(self.record, self.directory)
        self.service = Service(clock.now(), normally_up)
        self.adopted = False  # whether the child is that of an earlier supervise
        self.watched: int | None = None  # its pidfd, where nobody will tell of its end
        with warn_unable_to(PROGRAM, "become subreaper"):
            linux.become_subreaper()
        self.finished = False
        self.waiter = Waiter()
        self.rest = Rest(self.waiter)
        self.sweeper = Sweeper(path, self.waiter)
        self.service.kill_all = servicedir.kills_all()
        self.orders: int | None = orders
        for descriptor in (self.directory.control, self.wakeup, orders):
            if descriptor is not None:
                self.waiter.add(descriptor)

    def announce(self) -> None:
        """Be there for svc and svstat, as a new one or in the place of one that was killed."""
        left = self.record.left()
        if left is None:
            self.publication.publish(self.service.memory)
        else:
            self.sweeper.descendants.adopt(left[0].status.pid)
            self.take_over(*left)
        self.directory.announce()
        for descriptor in self.orphan.held if self.orphan is not None else ():
            descriptors.close(descriptor)

    def supervise(self) -> None:
        """The loop; returns when the service is left."""
        steadfast.take_turn(PROGRAM, self.do_what_is_due)
        while not self.finished:
            steadfast.take_turn(PROGRAM, self.turn)
        self.sweeper.leave()
        self.record.clear()

    def take_over(self, memory: Memory, birth: Birth) -> None:
        """Go on where a supervise was that was killed."""
        effects = self.service.resume(memory, clock.now())
        self.child.groups.update(self.orphan.groups if self.orphan is not None else ())
        if self.service.pid is None:
            self.perform(effects)
            return
        found = self.child.adopt(self.service.pid, birth, self.orphan)
        self.adopted = True
        self.perform(effects)
        if not found.expected:
            self.expect_no_word(found.status)

    def expect_no_word(self, status: int | None = None) -> None:
        """Nobody will tell of the adopted child's end: watch it ourselves. How one that is not our
        own has ended only a new kernel can tell."""
        if self.child.pidfd is None:
            self.child_ended(status)
        else:
            self.watched = self.child.pidfd
            self.waiter.add(self.watched)

    def turn(self) -> None:
        """Wait, and do what there is to do."""
        ready = self.waiter.wait(self.deadline())
        self.service.kill_all = servicedir.kills_all()
        if self.orders in ready:
            self.take_order()  # before a death, which may be what the order is about
        if self.wakeup in ready:
            self.hear_signals()
        if self.watched is not None and self.watched in ready:
            self.child_ended(exits.status(self.watched))
        if self.rest.ended(ready) and self.service.sweeping:
            self.await_rest()
        if self.sweeper.turn(ready):
            self.perform(self.service.rest_gone(clock.now()))
        if self.directory.control in ready:
            self.hear_commands()
        self.do_what_is_due()

    def deadline(self) -> float | None:
        moments = (self.service.deadline, self.publication.deadline, self.sweeper.deadline)
        return min((moment for moment in moments if moment is not None), default=None)

    def do_what_is_due(self) -> None:
        if not self.finished:
            self.perform(self.service.tick(clock.now()))
        if self.publication.is_due():
            self.publication.publish(self.service.memory)

    def hear_signals(self) -> None:
        caught = signals.take()
        if caught & STOP_SIGNALS:
            self.perform(self.service.stop(clock.now()))
        if SIGCHLD in caught:
            self.reap()

    def reap(self) -> None:
        """Collect whoever has ended: our child, or what it or an earlier one has left behind."""
        for pid, status in processes.endings():
            if pid == self.service.pid:
                self.child_ended(status)
        self.child.forget_empty_groups(self.service.pid)
        self.await_rest()

    def child_ended(self, status: int | None) -> None:
        if self.watched is not None:
            self.waiter.remove(self.watched)
            self.watched = None
        self.adopted = False
        self.child.ended()
        self.perform(self.service.exited(status, clock.now()))

    def await_rest(self) -> None:
        """See who is left of a service that is stopped, where that is not the sweeper's task."""
        if not self.service.sweeping or self.sweeper.deadline is not None:
            return
        living = self.child.rest()
        if living == []:
            self.perform(self.service.rest_gone(clock.now()))
        else:
            self.rest.watch(living or ())

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
        order, carried = channels.receive(self.orders)
        if not order:
            self.svscan_is_gone()
        elif order == STDOUT:
            for descriptor in carried:
                os.dup2(descriptor, 1)
                os.close(descriptor)
            self.perform(self.service.log_appeared(clock.now()))
        elif order == RENEW:
            self.make_way(self.orders)
        elif order.startswith(ENDED):
            if self.adopted:
                self.child_ended(*WAIT_STATUS.unpack(order.removeprefix(ENDED)))
        else:
            self.obey([bytes([letter]) for letter in order])

    def make_way(self, svscan: int) -> None:
        """End as one ends that is killed, which the next one knows to follow, but between two
        events; and with the word that cannot be found out afterwards."""
        groups = sorted(self.child.groups - {self.service.pid})[:MOST_GROUPS]
        channels.send(svscan, b"".join(map(GROUP.pack, groups)) or RENEW)
        os.kill(os.getpid(), SIGKILL)

    def svscan_is_gone(self) -> None:
        assert self.orders is not None
        self.waiter.remove(self.orders)
        os.close(self.orders)
        self.orders = None
        self.record.abandoned()
        if self.adopted and self.watched is None:
            self.expect_no_word()

    def perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Spawn():
                    self.start()
                case Signal(number):
                    with warn_unable_to(PROGRAM, f"signal {self.path}/run"):
                        self.child.signal(number)
                case Publish():
                    self.publication.publish(self.service.memory)
                case SignalRest(number):
                    self.child.signal_rest(number)
                case AwaitRest():
                    self.await_rest()
                case Sweep():
                    self.sweeper.begin(self.record.child)
                case Exit():
                    self.finished = True

    def start(self) -> None:
        try:
            pid, gate = self.child.start(self.sweeper.prepare() if self.service.kill_all else {})
        except OSError as error:
            self.warn_of_fork(error)
            self.perform(self.service.not_started(clock.now()))
        else:
            self.perform(self.service.started(pid, clock.now()))
            if self.service.kill_all:
                self.sweeper.started(pid)
            gate.open()

    def warn_of_fork(self, error: OSError) -> None:
        pause = f"sleeping {self.service.fork_pause:g} seconds"
        why = errors.reason(error)
        errors.warn(PROGRAM, f"unable to fork for {self.path}, {pause}: {why}")
