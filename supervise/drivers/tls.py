"""TLS for the connections of tcpserver: a relay beside each program, which sees text alone.

The relay makes the handshake, so that there is one way for both kinds of TLS: that of UCSPI-TLS,
where the program says when, and the other, where tcpserver says so at once, in the program's place.
It is a child of the keyholder, not of the program, which would be left with a zombie; and it holds
the slot of its connection until a slow client has taken the last of what the program has said.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import NamedTuple

from supervise.errors import TEMPORARY, Failure, unable_to
from supervise.formats import keyorders, tlsfacts
from supervise.formats.keyorders import NO_PROGRAM, READY, RENEW, REPORT, REQUEST
from supervise.machines.couples import Couples
from supervise.unix import channels, descriptors, pipes, processes, readiness

BLOCK = 4096  # bytes, a multiple of a report's

Variables = list[tuple[bytes, bytes | None]]


class Line(NamedTuple):
    """The program's ends: where it wishes for TLS, and where it reads and writes the text."""

    control: int
    reading: int
    writing: int

    def begin(self) -> Variables | None:
        """Begin TLS in the program's place; None where that failed, which the relay has told."""
        told = b""
        try:
            os.write(self.control, tlsfacts.BEGIN_AND_TELL)
            while not tlsfacts.complete(told):
                block = os.read(self.control, BLOCK)
                if not block:
                    return None
                told += block
        except OSError:
            return None
        finally:
            os.close(self.control)
        known = tlsfacts.unpack(told)
        return [(name, known.get(name)) for name in (*tlsfacts.NAMES, *tlsfacts.DELAYED)]

    def offer(self) -> Variables:
        """Let the program begin TLS; returns what it has to know for that."""
        for descriptor in self:
            os.set_inheritable(descriptor, True)
        numbers = [b"%d" % descriptor for descriptor in self]
        unknown = [(name, None) for name in tlsfacts.NAMES]
        return [*unknown, *zip(tlsfacts.DELAYED, numbers, strict=True)]

    def write_now(self, text: bytes) -> None:
        """Write what can be written without waiting."""
        os.set_blocking(self.writing, False)
        try:
            os.write(self.writing, text)
        except OSError:
            pass  # the client is gone, or does not read

    def to_standard(self) -> None:
        """The program reads and writes the text as descriptors 0 and 1."""
        descriptors.move(self.reading, 0)
        descriptors.move(self.writing, 1)


class Tls:
    """The keyholder as tcpserver and its children see it, and what it has reported."""

    def __init__(
        self,
        named: str,
        delayed: bool,
        take_on: Callable[[], None],
        warn: Callable[[str], None],
    ) -> None:
        self.delayed = delayed
        self.couples = Couples()
        with unable_to("create pipe"):
            self.orders, their_orders = channels.pair()
            self.reports, their_reports = pipes.make()

        def hold() -> int:
            try:
                from supervise.drivers import keyholder  # with a library that nobody else needs
            except (ImportError, MemoryError) as error:
                why = str(error) or "out of memory"
                failure = keyorders.failure(TEMPORARY, b"unable to load TLS: " + os.fsencode(why))
                channels.send(their_orders, failure)
                return TEMPORARY
            lines = keyholder.Lines(their_orders, their_reports)
            return keyholder.run(named, take_on, lines, warn)

        with unable_to("fork"):
            self.pid = processes.fork(hold)
        for descriptor in (their_orders, their_reports):
            os.close(descriptor)
        os.set_blocking(self.reports, False)
        self.hear_whether_ready()

    def hear_whether_ready(self) -> None:
        answer, _ = channels.receive(self.orders)
        if answer != READY:
            os.waitpid(self.pid, 0)  # it has nothing more to say
        if not answer:
            raise self.gone()
        if answer != READY:
            code, text = keyorders.read_failure(answer)
            raise Failure(os.fsdecode(text), code)

    def gone(self) -> Failure:
        """What the end of the keyholder means to tcpserver."""
        return Failure("lost the process that holds the key")

    def renew(self) -> None:
        """Have the files read again."""
        channels.send(self.orders, RENEW)

    def learn(self) -> list[int]:
        """Hear the reports; returns the relays that held slots and have ended."""
        freed = []
        try:
            while block := os.read(self.reports, BLOCK):
                for program, relay in REPORT.iter_unpack(block):
                    if program == NO_PROGRAM:
                        freed += [relay] * self.couples.relay_ended(relay)
                    else:
                        self.couples.join(program, relay)
        except BlockingIOError:
            pass
        return freed

    def lay(self, network: socket.socket, patience: float) -> Line:
        """In a child: have its relay started."""
        with unable_to("create pipe"):
            control, their_control = socket_pair()
            reading, sink = pipes.make()
            source, writing = pipes.make()
        theirs = (their_control, sink, source)
        self.ask(REQUEST.pack(os.getpid(), patience), network.fileno(), *theirs)
        for descriptor in theirs:
            os.close(descriptor)
        return Line(control, reading, writing)

    def ask(self, request: bytes, *carried: int) -> None:
        with unable_to("ask for TLS"):
            while True:
                try:
                    return channels.send(self.orders, request, *carried)
                except BlockingIOError:  # many ask at once
                    readiness.wait((), (self.orders,))


def socket_pair() -> tuple[int, int]:
    one, other = socket.socketpair()
    return pipes.above_standard(one.detach()), pipes.above_standard(other.detach())
