"""A pump for programs that begin TLS themselves, as UCSPI-TLS says.

Once the program wishes for TLS, what the network sends is ciphertext, which is for the server's
relay and not for us. So the helper stands between the program's wish and the server too: it reads
the network no more before the server hears of the wish, and another helper pumps the text from
there on, in the same way as the plain text before. A program that wishes before it tells the client
to begin can be sure of that; one that tells first may lose what a fast client sends meanwhile.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import NamedTuple

from supervise.drivers import starttls
from supervise.drivers.pump import Pump, close
from supervise.drivers.starttls import Offer
from supervise.formats import tlsfacts
from supervise.machines.relay import INWARD, OUTWARD, Relay, Way
from supervise.unix import descriptors, files, pipes, processes

BLOCK = 4096  # bytes


class Switch(NamedTuple):
    """What the server offers, what the program is offered in its place, and our ends of that."""

    server: Offer
    program: Offer
    ours: Offer

    def hand_over(self) -> None:
        """In the program: leave the server's offer to the helper."""
        for descriptor in {*self.server, *self.ours}:
            os.close(descriptor)
        for name, descriptor in zip(tlsfacts.DELAYED, self.program, strict=True):
            os.set_inheritable(descriptor, True)
            os.environb[name] = b"%d" % descriptor


def switch() -> Switch | None:
    """Where the environment offers TLS, take that in hand."""
    server = starttls.offer(os.environb)
    if server is None or not all(map(descriptors.is_open, server)):
        os.environb.pop(tlsfacts.DELAYED[0], None)
        return None
    ours, program = (end.detach() for end in socket.socketpair())
    reading, sink = pipes.make()
    source, writing = pipes.make()
    return Switch(server, Offer(program, reading, writing), Offer(ours, source, sink))


class SwitchingPump(Pump):
    """The pump of the plain text, which hears of the wish."""

    def __init__(
        self,
        make_relay: Callable[[], Relay],
        sources: dict[Way, int],
        sinks: dict[Way, int],
        switch: Switch,
    ) -> None:
        super().__init__(make_relay(), sources, sinks)
        self.make_relay = make_relay
        self.switch = switch
        self.others = [switch.ours.control]
        for descriptor in switch.program:
            os.close(descriptor)

    def notice(self, descriptor: int) -> None:
        try:
            told = os.read(descriptor, BLOCK)
        except OSError:
            told = b""
        if not told:
            self.end()
        elif descriptor == self.switch.ours.control:
            self.begin(told)
        else:
            self.pass_on(self.switch.ours.control, told)

    def begin(self, wish: bytes) -> None:
        """Leave the network to TLS, and have its text pumped."""
        self.relay.leave(INWARD)
        try:
            processes.fork(self.pump_text)
        except OSError:
            self.end()
            return
        for descriptor in {*self.switch.server[1:], *self.switch.ours[1:]}:
            os.close(descriptor)
        self.others = [self.switch.server.control]
        self.pass_on(self.switch.server.control, wish)

    def pass_on(self, descriptor: int, told: bytes) -> None:
        try:
            files.write_all(descriptor, told)
        except OSError:
            self.end()

    def end(self) -> None:
        """Nobody wishes or answers any more."""
        self.others = []
        for descriptor in (self.switch.server.control, self.switch.ours.control):
            close(descriptor)

    def pump_text(self) -> int:
        """In another helper: pump between the server's relay and the program."""
        server, ours = self.switch.server, self.switch.ours
        descriptors.close_all_but({*server[1:], *ours[1:]})
        for plain in self.sources[INWARD], self.sinks[OUTWARD]:
            close(plain)
        sources = {INWARD: server.reading, OUTWARD: ours.reading}
        sinks = {INWARD: ours.writing, OUTWARD: server.writing}
        Pump(self.make_relay(), sources, sinks).run()
        return 0
