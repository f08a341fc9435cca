"""The parent of tcpserver: a listening socket, and a child for each connection, up to a limit."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

from supervise import errors
from supervise.drivers.connection import QUIET, Settings
from supervise.drivers.conntable import ConnTable, Place
from supervise.errors import unable_to
from supervise.formats import address, tcplog
from supervise.machines.grace import Grace
from supervise.machines.slots import Slots
from supervise.unix import deadlines, processes, signals, sockets
from supervise.unix.sockets import End
from supervise.unix.waiting import Waiter

if TYPE_CHECKING:
    from supervise.drivers.tls import Tls

ENDING = {signal.SIGTERM, signal.SIGINT}
ASKING = {signal.SIGHUP, signal.SIGUSR1}  # to read limits again, to tell who is connected

SLACK = 2.0  # seconds that the loop has to notice the end of a grace

Serve = Callable[[socket.socket, End, Place], int]


class Listener:
    """Accepts connections and hands each to a child that serves it."""

    def __init__(self, settings: Settings, listening: socket.socket, serve: Serve) -> None:
        self.settings = settings
        self.listening = listening
        self.table = ConnTable(settings.limits.highest())
        self.slots = Slots(settings.limits.total)
        self.serve = serve
        self.waiter = Waiter()
        self.watching = False
        self.grace = Grace(min(settings.grace or 0, deadlines.LONGEST))
        self.reporter: int | None = None
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # whoever reads our log may come and go
        with unable_to("create pipe"):
            self.wakeup = signals.wake_on(signal.SIGCHLD, *heard(ASKING))
        for number in {signal.SIGTERM, *heard(ENDING)}:
            signal.signal(number, self.end)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGCHLD, signal.SIGTERM))
        self.waiter.add(self.wakeup)
        self.names = settings.local_names
        if self.names is not None:
            self.waiter.add(self.names.reading)
        self.tls = settings.tls
        if self.tls is not None:
            self.waiter.add(self.tls.reports)

    def run(self) -> int:
        """Accept until a signal ends us; the children go on then."""
        self.tell_status()
        self.reap()  # children of whoever was this process before us
        while not self.grace.over(time.monotonic(), self.slots.count):
            ready = self.wait()
            if self.tls is not None and self.tls.reports in ready:
                self.hear_of_relays(self.tls)
            if self.wakeup in ready:
                numbers = signals.take()
                self.reap()  # first: one who has told all must not keep the next from telling
                self.heed(numbers)
            if self.names is not None and self.names.reading in ready:
                self.names.learn()
            if self.listening.fileno() in ready:
                self.accept()
        self.end_children()
        return 0

    def end(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal that ends us, here and not in the loop: the loop may be waiting for
        somebody to read our messages, and that may be for ever.

        Leave the address first: a child that has only just begun still holds the socket, and
        while that listens nobody else can bind there, the next tcpserver least of all.
        """
        if self.grace.begun:
            os._exit(0)
        self.listening.shutdown(socket.SHUT_RDWR)
        if self.settings.grace is not None:
            self.grace.begin(time.monotonic())
            signal.signal(signal.SIGALRM, self.overdue)
            signal.setitimer(signal.ITIMER_REAL, self.grace.patience + SLACK)
        elif number == signal.SIGTERM:
            os._exit(0)
        else:
            processes.die_of(number)

    def overdue(self, number: int, frame: FrameType | None) -> None:
        """Handle the end of a grace that the loop has missed, as nobody reads our messages.

        It may have collected children that the table still has.
        """
        for pid in filter(processes.is_child, self.table.of_children):
            processes.end(pid)
        os._exit(0)

    def end_children(self) -> None:
        """Tell the children who are left to end; not so a relay of TLS that has only to send what
        its program has said."""
        alone = self.tls.couples.alone if self.tls is not None else ()
        left = [pid for pid in self.table.of_children if pid not in alone]
        if left:
            seconds = self.settings.grace
            self.settings.warn(
                f"sending TERM to children left after {seconds} seconds: {len(left)}"
            )
        for pid in left:
            processes.end(pid)

    def heed(self, numbers: set[int]) -> None:
        if signal.SIGHUP in numbers:
            self.read_again()
        if signal.SIGUSR1 in numbers:
            self.report()

    def read_again(self) -> None:
        """Take the certificate and the limits as their files are now. Nobody who is there is sent
        away, though they may be more than may be now."""
        if self.tls is not None:
            try:
                self.tls.renew()
            except OSError as error:
                self.settings.warn(f"going on with the old certificate: {errors.reason(error)}")
        limits = self.settings.limits
        if limits.changeable():
            try:
                limits.read()
            except errors.Failure as failure:
                self.settings.warn(f"going on with the old limits: {failure.text}")
            self.slots.limit = limits.total
            self.tell_status()

    def report(self) -> None:
        """Tell who is connected: in a child, because whoever reads our messages may be slow, and
        in one at a time."""
        if self.reporter is None and self.settings.verbosity > QUIET:
            try:
                self.reporter = processes.fork(self.tell_connections)
            except OSError as error:
                self.settings.warn(f"unable to fork: {errors.reason(error)}")

    def tell_connections(self) -> int:
        self.listening.close()
        now = time.monotonic()
        lines = [tcplog.status(self.slots.count, self.slots.limit)]
        for pid, row in self.table.connections():
            ip = address.text(self.settings.shown(row.ip))
            lines.append(tcplog.connected(pid, row.name, ip, int(now - row.since)))
        for line in lines:
            errors.diagnose(line)
        return 0

    def wait(self) -> set[int]:
        """Wait for a signal, for a client if one could be served, or for the end of a pause."""
        is_open = not self.grace.begun and self.slots.open(time.monotonic())
        if is_open != self.watching:
            self.watching = is_open
            (self.waiter.add if is_open else self.waiter.remove)(self.listening.fileno())
        if self.grace.begun:
            return self.waiter.wait(self.grace.until)
        return self.waiter.wait(None if is_open else self.slots.deadline)

    def accept(self) -> None:
        """Accept one client, not all who wait: between two of them ended children are collected,
        so that the count that is told is the true one, and nobody is one too many because of a
        connection that had ended when he came."""
        try:
            connection, peer = self.listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            if not self.grace.begun and self.slots.refuse(time.monotonic()):
                self.settings.warn(f"unable to accept: {errors.reason(error)}")
            return
        if self.tls is not None:
            self.hear_of_relays(self.tls)
        self.reap()
        self.slots.take()
        self.tell_status()
        self.hand_over(connection, sockets.end(peer))

    def hand_over(self, connection: socket.socket, peer: End) -> None:
        place = self.table.take(peer.ip, time.monotonic())
        try:
            pid = processes.fork(lambda: self.child(connection, peer, place))
        except OSError as error:
            self.table.take_back(place)
            self.settings.warn(f"dropping connection, unable to fork: {errors.reason(error)}")
            self.slots.drop(time.monotonic())
            self.tell_status()
        else:
            self.table.give(place, pid)
            self.slots.serve()
        connection.close()

    def child(self, connection: socket.socket, peer: End, place: Place) -> int:
        self.listening.close()
        return self.serve(connection, peer, place)

    def reap(self) -> None:
        for pid, wait_status in processes.reap():
            if self.tls is not None and pid == self.tls.pid:
                self.lose_keyholder(self.tls)
                continue
            if pid == self.reporter:
                self.reporter = None
                continue
            self.settings.tell(tcplog.ended(pid, wait_status))
            relay = None if self.tls is None else self.tls.couples.program_ended(pid)
            if relay is None:
                self.free(pid)
            else:
                self.table.hand_on(pid, relay)

    def lose_keyholder(self, tls: Tls) -> None:
        """Go on without the keyholder where nobody will ask it for anything. Nobody tells any more
        when a relay ends, so only programs are waited for."""
        if not self.grace.begun:
            raise tls.gone()
        self.waiter.remove(tls.reports)
        self.hear_of_relays(tls)
        self.tls = None
        for relay in tls.couples.alone:
            self.free(relay)

    def hear_of_relays(self, tls: Tls) -> None:
        for relay in tls.learn():
            self.free(relay)

    def free(self, pid: int) -> None:
        """Nobody is left who serves the connection of that child."""
        if self.table.end(pid):
            self.slots.give_back()
        self.tell_status()

    def tell_status(self) -> None:
        self.settings.tell(tcplog.status(self.slots.count, self.slots.limit))


def heard(numbers: set[signal.Signals]) -> set[signal.Signals]:
    """These signals, less those that whoever started us had ignored."""
    return {number for number in numbers if signal.getsignal(number) != signal.SIG_IGN}


def leave_standard() -> None:
    """Give up what was standard input and output: whoever waits for their end shall see it."""
    with unable_to(f"open {os.devnull}"):
        null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
