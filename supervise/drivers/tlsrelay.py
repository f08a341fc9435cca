"""The process that carries one TLS connection between a client and a program."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from supervise import errors
from supervise.formats import tlsfacts
from supervise.machines.tunnel import CHUNK, Tunnel
from supervise.unix import descriptors, files, readiness

LINGER = 60.0  # seconds without any progress that a client may take for what a program has left
DRAINED = 16  # chunks of what a client goes on sending to nobody

Warn = Callable[[str], None]
Certificate = dict[str, Any]


class Ends(NamedTuple):
    """What a relay holds: the client, the program's wish, its input and its output."""

    network: socket.socket
    control: int
    sink: int
    source: int


def serve(context: ssl.SSLContext, ends: Ends, patience: float, warn: Warn) -> int:
    """Be the relay of one connection: wait for the program's wish, and carry to the end."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    # A client may ask for a name that is no text, which the library would print as an exception.
    sys.unraisablehook = lambda _: None
    descriptors.close_all_but({ends.network.fileno(), *ends[1:]})
    wish = os.read(ends.control, 1)
    if wish not in (tlsfacts.BEGIN, tlsfacts.BEGIN_AND_TELL):
        return 0  # the program ended without TLS
    relay = Relay(context, ends)
    try:
        relay.shake_hands(time.monotonic() + patience)
        if not relay.tunnel.shaken:
            return relay.complain(warn, "dropping connection, unable to accept TLS")
        if wish == tlsfacts.BEGIN_AND_TELL:
            relay.tell(ends.control)
        os.close(ends.control)
        relay.carry()
        return relay.complain(warn, "lost TLS")
    finally:
        relay.part()


class Relay:
    """Joins a tunnel to its descriptors."""

    def __init__(self, context: ssl.SSLContext, ends: Ends) -> None:
        self.network, _, self.sink, self.source = ends
        self.names: list[str] = []
        context.sni_callback = self.note_name
        self.tunnel = Tunnel(context)
        self.open = {self.sink, self.source}
        self.watched = {self.sink, self.source}  # until the program's end of it is closed
        os.set_blocking(self.sink, False)

    def note_name(self, tls: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        if name is not None:
            self.names.append(name)

    def shake_hands(self, until: float) -> None:
        while self.tunnel.hearing and not self.tunnel.shaken:
            if not self.step(until):
                self.tunnel.fail("timed out")

    def complain(self, warn: Warn, what: str) -> int:
        """Warn of a failure, if there was one; the exit code."""
        if self.tunnel.failure is None:
            return 0
        warn(f"{what}: {self.tunnel.failure}")
        return errors.TEMPORARY

    def tell(self, control: int) -> None:
        """Answer the program, which may be gone."""
        try:
            files.write_all(control, tlsfacts.pack(tlsfacts.variables(self.facts())))
        except OSError:
            pass

    def facts(self) -> tlsfacts.Facts:
        tls = self.tunnel.tls
        cipher, _, bits = tls.cipher() or ("", "", 0)
        certificate = tls.getpeercert()
        return tlsfacts.Facts(
            protocol=tls.version() or "",
            cipher=cipher,
            bits=bits,
            resumed=bool(tls.session_reused),
            asked=self.names[-1] if self.names else None,
            verified=bool(certificate),
            client=common_name(certificate or {}),
        )

    def carry(self) -> None:
        """Carry until both have said and heard everything, or the client does not take what a
        program that is gone has left."""
        while not self.tunnel.over:
            self.settle()
            if not self.step(None if self.watched else time.monotonic() + LINGER):
                break
        self.settle()

    def settle(self) -> None:
        """Close what the program is not to use any more, so that it knows."""
        if self.tunnel.program_has_all:
            self.shut(self.sink)
        if not self.tunnel.speaking:
            self.shut(self.source)

    def shut(self, descriptor: int) -> None:
        if descriptor in self.open:
            self.open.remove(descriptor)
            self.watched.discard(descriptor)
            os.close(descriptor)

    def step(self, until: float | None) -> bool:
        """Do what can be done now; whether there was anything before the deadline.

        Writes come first, as they make room to read.
        """
        network, tunnel = self.network.fileno(), self.tunnel
        readable, writable = readiness.wait(
            [network] * tunnel.wants_network + [self.source] * tunnel.wants_program,
            [network] * bool(tunnel.to_network) + [self.sink] * bool(tunnel.to_program),
            self.watched,
            until,
        )
        self.watched -= writable & {self.source}
        if network in writable:
            self.send()
        if self.sink in writable:
            self.give()
        if network in readable:
            self.receive()
        if self.source in readable and self.tunnel.speaking:
            self.hear()
        return bool(readable or writable)

    def send(self) -> None:
        try:
            self.tunnel.sent(self.network.send(self.tunnel.to_network, socket.MSG_DONTWAIT))
        except BlockingIOError:
            pass
        except OSError:
            self.tunnel.unsendable()

    def give(self) -> None:
        try:
            if not self.tunnel.to_program:  # then it is watched only, and its reader is gone
                raise BrokenPipeError
            self.tunnel.taken(os.write(self.sink, self.tunnel.to_program[:CHUNK]))
        except BlockingIOError:
            pass
        except OSError:
            self.tunnel.unwanted()

    def receive(self) -> None:
        try:
            chunk = self.network.recv(CHUNK, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            self.tunnel.unsendable()
        else:
            self.tunnel.arrived(chunk)

    def hear(self) -> None:
        try:
            self.tunnel.said(os.read(self.source, CHUNK))
        except OSError:
            self.tunnel.said(b"")

    def part(self) -> None:
        """Leave the client, whom what we have not read should not make lose what it has not."""
        try:
            if self.tunnel.to_network:  # the reason why TLS is broken, if there is room for it
                self.network.send(self.tunnel.to_network, socket.MSG_DONTWAIT)
            self.network.shutdown(socket.SHUT_RDWR)
            for _ in range(DRAINED):
                if not self.network.recv(CHUNK, socket.MSG_DONTWAIT):
                    break
        except OSError:
            pass  # gone, or silent


def common_name(certificate: Certificate) -> str | None:
    """The name in the subject of a certificate, as the library shows it."""
    subject = dict(pair for names in certificate.get("subject", ()) for pair in names)
    return subject.get("commonName")
