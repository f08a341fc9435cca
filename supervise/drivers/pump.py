"""A helper process between a program and the network it was started on.

The program keeps the process, and so the pid that its supervisor knows; the helper is its child.
The other way round, the usual one, was not chosen: a signal to the service would reach the helper,
and the program's exit would have to be passed on.
"""

from __future__ import annotations

import os

from supervise import errors
from supervise.machines.relay import INWARD, OUTWARD, Close, Note
from supervise.unix import descriptors, pipes, processes, readiness
from supervise.unix import rawsignal as signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from supervise.drivers import pumptls
    from supervise.machines.relay import Effect, Relay, Way

# Bytes of one read: a record of it is short enough to be written in one piece, and when poll has
# found room no write of it blocks, so descriptors that others share can stay blocking.
CHUNK = 256
NETWORK_IN, NETWORK_OUT, LOG = 0, 1, 2


def interpose(make_relay: Callable[[], Relay]) -> None:
    """Fork a helper that keeps our descriptors 0, 1 and 2; from here on ours are pipes to it."""
    switch = tls_switch()
    with errors.unable_to("create pipe"):
        program_in, helper_out = pipes.make()
        helper_in, program_out = pipes.make()

    def helper() -> int:
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        os.close(program_in)
        os.close(program_out)
        sources = {INWARD: NETWORK_IN, OUTWARD: helper_in}
        sinks = {INWARD: helper_out, OUTWARD: NETWORK_OUT}
        if switch is None:
            Pump(make_relay(), sources, sinks).run()
        else:
            from supervise.drivers import pumptls

            pumptls.SwitchingPump(make_relay, sources, sinks, switch).run()
        return 0

    with errors.unable_to("fork"):
        processes.fork(helper)
    os.close(helper_out)
    os.close(helper_in)
    with errors.unable_to("move descriptors"):
        descriptors.move(program_in, 0)
        descriptors.move(program_out, 1)
    if switch is not None:
        switch.hand_over()


def tls_switch() -> pumptls.Switch | None:
    """What we need where the program may begin TLS, which most of them may not."""
    if b"SSLCTLFD" not in os.environb:
        return None
    from supervise.drivers import pumptls

    with errors.unable_to("create pipe"):
        return pumptls.switch()


class Pump:
    """Performs a relay: moves chunks as the descriptors become ready, until it is over."""

    def __init__(self, relay: Relay, sources: dict[Way, int], sinks: dict[Way, int]) -> None:
        self.relay = relay
        self.sources = sources
        self.sinks = sinks
        self.others: list[int] = []  # what else is to be noticed

    def run(self) -> None:
        while not self.relay.over:
            for act, way in self.wait():
                if not self.relay.over:
                    self.perform(act(way))

    def wait(self) -> Sequence[tuple[Callable[[Way], list[Effect]], Way]]:
        """What can be done now without blocking: writes first, as they make room to read."""
        reading, writing = self.relay.reading, self.relay.writing
        readable, writable = readiness.wait(
            [*(self.sources[way] for way in reading), *self.others],
            [self.sinks[way] for way in writing],
        )
        for descriptor in readable & set(self.others):
            self.notice(descriptor)
        writes = [(self.write, way) for way in writing if self.sinks[way] in writable]
        reads = [(self.read, way) for way in self.relay.reading if self.sources[way] in readable]
        return writes + reads

    def notice(self, descriptor: int) -> None:
        """One of the others can be read; before anything that was said after that is passed on."""

    def read(self, way: Way) -> list[Effect]:
        try:
            chunk = os.read(self.sources[way], CHUNK)
        except BlockingIOError:
            return []
        except OSError:
            chunk = b""
        return self.relay.received(way, chunk)

    def write(self, way: Way) -> list[Effect]:
        try:
            self.relay.written(way, os.write(self.sinks[way], self.relay.pending(way)))
        except BlockingIOError:
            pass
        except OSError:
            return self.relay.refused(way)
        return []

    def perform(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Note(record):
                    note(record)
                case Close(way):
                    close(self.sinks[way])


def close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        pass  # standard output, which was closed when we began


def note(record: bytes) -> None:
    """Write a record with one call; without a log the connection goes on."""
    while record:
        try:
            record = record[os.write(LOG, record) :]
        except BlockingIOError:
            readiness.wait((), (LOG,))
        except OSError:
            return
