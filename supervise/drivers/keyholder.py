"""The process of a tcpserver with TLS that has the key, and starts a relay for each connection.

No other process has the key but the relays, which are its forks. Programs run in forks of
tcpserver, some of them in place, and what the library leaves in memory when it has read a key
nobody can wipe. The keyholder begins with the rights that tcpserver was started with, and goes on
with those of the programs.
"""

from __future__ import annotations

import os
import signal
import socket
import ssl
from collections.abc import Callable
from typing import NamedTuple

from supervise import errors
from supervise.drivers import certificate, listener, tlsrelay
from supervise.drivers.tlsrelay import Ends, Warn
from supervise.formats import keyorders
from supervise.formats.keyorders import NO_PROGRAM, READY, RENEW, REPORT, REQUEST
from supervise.unix import channels, descriptors, processes, signals
from supervise.unix.waiting import Waiter

# What tcpserver is told is sent by some to all processes of that name, or to their group; without
# tcpserver, or without their program, those of TLS end anyway.
OF_TCPSERVER = {*listener.ASKING, signal.SIGINT}


class Lines(NamedTuple):
    """Where a keyholder is told what to do, and where it reports."""

    orders: int
    reports: int


def run(named: str, take_on: Callable[[], None], lines: Lines, warn: Warn) -> int:
    """Be the keyholder: read the key, give up rights, say so, and obey until nobody is left who
    could ask."""
    descriptors.close_all_but(set(lines))
    for number in {signal.SIGPIPE, *OF_TCPSERVER}:
        signal.signal(number, signal.SIG_IGN)
    try:
        listener.leave_standard()
        files = certificate.files(named, os.environ)
        context = certificate.context(files)
        take_on()
    except errors.Failure as failure:
        why = keyorders.failure(failure.code, os.fsencode(failure.text))
        channels.send(lines.orders, why)
        return failure.code
    channels.send(lines.orders, READY)
    Keyholder(files, context, lines, warn).run()
    return 0


class Keyholder:
    """The context of every handshake, and those who can ask for one."""

    def __init__(
        self, files: certificate.Files, context: ssl.SSLContext, lines: Lines, warn: Warn
    ) -> None:
        self.files = files
        self.context = context
        self.lines = lines
        self.warn = warn
        self.wakeup = signals.wake_on(signal.SIGCHLD)

    def run(self) -> None:
        waiter = Waiter()
        waiter.add(self.lines.orders)
        waiter.add(self.wakeup)
        while True:
            ready = waiter.wait(None)
            if self.wakeup in ready:
                signals.take()
                self.reap()
            if self.lines.orders in ready:
                order, carried = channels.receive(self.lines.orders)
                if not order:
                    return
                self.obey(order, carried)

    def reap(self) -> None:
        for pid, _ in processes.reap():
            self.report(NO_PROGRAM, pid)

    def report(self, program: int, relay: int) -> None:
        try:
            os.write(self.lines.reports, REPORT.pack(program, relay))
        except OSError:
            pass  # tcpserver has ended, and what it has begun goes on

    def obey(self, order: bytes, carried: list[int]) -> None:
        try:
            if order == RENEW:
                self.renew()
            elif len(carried) == len(Ends._fields):
                program, patience = REQUEST.unpack(order)
                self.relay(program, patience, carried)
        finally:
            for descriptor in carried:
                os.close(descriptor)

    def renew(self) -> None:
        """Read the files again; what was there stays where they cannot be read or used."""
        try:
            self.context = certificate.context(self.files)
        except errors.Failure as failure:
            self.warn(f"going on with the old certificate: {failure.text}")

    def relay(self, program: int, patience: float, carried: list[int]) -> None:
        """Start the relay of a program; one that cannot be had is the end of its input."""

        def child() -> int:
            network, *others = carried
            ends = Ends(socket.socket(fileno=network), *others)
            return tlsrelay.serve(self.context, ends, patience, self.warn)

        try:
            self.report(program, processes.fork(child))
        except OSError as error:
            self.warn(f"dropping connection, unable to fork: {errors.reason(error)}")
