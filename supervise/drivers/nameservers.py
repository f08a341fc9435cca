"""Ask the name servers of this machine, in a conversation beside others.

Making and reading messages is left to dnspython; sending them is not, because it waits for one
answer at a time, or needs asyncio. Each question has a number and a port that nobody can guess, and
only what comes from the server's own address with this number is an answer.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from typing import TYPE_CHECKING, NamedTuple

from supervise.drivers import dnsconfig, dnsmessage
from supervise.formats import address
from supervise.machines.inquiry import Inquiry
from supervise.unix import exchanges, sockets
from supervise.unix.sockets import End
from supervise.unix.together import READ, Wait

if TYPE_CHECKING:
    from dns.message import Message

PORT = 53
TURN = 1.0  # seconds until the next server is asked too, and for an answer over TCP
LONGEST = 16384  # bytes of a message: 64 kB could keep us busy for seconds, and no name needs them
MOST_STRAYS = 16  # messages with a wrong number: somebody is guessing
SCOPE_DIGITS = 9  # of what surely fits into 32 bits

answered_last: set[bytes] = set()  # who did not let us wait is asked first


def place(server: bytes) -> End:
    """Where a server is: its address as text, perhaps with an interface («fe80::1%eth0»)."""
    text, _, zone = server.partition(b"%")
    return End(address.parse(text) or b"", PORT, scope(zone))


def scope(zone: bytes) -> int:
    """The number of an interface, by which it may be called too; 0 without one."""
    if not zone or (zone.isdigit() and len(zone) <= SCOPE_DIGITS):
        return int(zone or b"0")
    try:
        return sockets.interface_index(os.fsdecode(zone))
    except ValueError as trouble:
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO)) from trouble


async def answer(query: Message, until: float) -> Message:
    """The first answer to a query: records, or that there are none.

    Raises OSError: ETIMEDOUT when nobody answered in time, EAGAIN when nobody could.
    """
    asking = Asking(query, until)
    try:
        return await asking.answer()
    finally:
        asking.close()


class Asked(NamedTuple):
    """A server that was asked, and the socket on which it answers."""

    server: bytes
    talking: socket.socket


class Asking:
    """A question, and those who were asked."""

    def __init__(self, query: Message, until: float) -> None:
        self.query = query
        self.wire = query.to_wire()
        self.until = until
        self.strays = 0
        self.inquiry = Inquiry(
            sorted(dnsconfig.servers(), key=lambda one: one not in answered_last), TURN
        )
        self.asked: dict[int, Asked] = {}  # by descriptor

    def close(self) -> None:
        for asked in self.asked.values():
            asked.talking.close()

    async def answer(self) -> Message:
        while True:
            self.ask()
            for descriptor in await self.heard():
                found = await self.take(self.asked[descriptor])
                if found is not None:
                    return found

    def ask(self) -> None:
        """Ask whoever's turn it is."""
        while server := self.inquiry.next(time.monotonic()):
            try:
                self.socket_of(server).send(self.wire)
            except OSError:
                self.failed(server)
        if self.inquiry.hopeless:
            raise OSError(errno.EAGAIN, "nobody could answer")

    def socket_of(self, server: bytes) -> socket.socket:
        """The socket for a server: connected, so that nobody else can answer there."""
        for asked in self.asked.values():
            if asked.server == server:
                return asked.talking
        talking = exchanges.begin(place(server), socket.SOCK_DGRAM)
        self.asked[talking.fileno()] = Asked(server, talking)
        talking.connect(sockets.address(place(server)))
        return talking

    def failed(self, server: bytes) -> None:
        """Expect nothing more of a server."""
        self.inquiry.failed(server)
        for descriptor, asked in list(self.asked.items()):
            if asked.server == server:
                asked.talking.close()
                del self.asked[descriptor]

    async def heard(self) -> list[int]:
        """The descriptors on which there is something; none when it is time to ask the next."""
        ready = await Wait(dict.fromkeys(self.asked, READ), min(self.until, self.inquiry.due))
        if not ready and time.monotonic() >= self.until:
            raise TimeoutError(errno.ETIMEDOUT, "nobody answered")
        return sorted(ready)

    async def take(self, asked: Asked) -> Message | None:
        """The answer of a server; None where it is none, which ends the matter with that server."""
        server, talking = asked
        try:
            wire = talking.recv(LONGEST)
            if not dnsmessage.is_numbered(self.wire, wire):
                self.stray(server)
                return None
            if dnsmessage.is_truncated(wire):
                wire = await self.over_tcp(server)
        except BlockingIOError:
            return None  # it had a wrong checksum, and is gone
        except OSError:
            self.failed(server)
            return None
        found = dnsmessage.read(self.query, wire)
        if found is None:
            self.failed(server)
        else:
            answered_last.clear()
            answered_last.add(server)
        return found

    def stray(self, server: bytes) -> None:
        """What is no answer may come from anybody, but nobody may go on guessing."""
        self.strays += 1
        if self.strays > MOST_STRAYS:
            self.failed(server)

    async def over_tcp(self, server: bytes) -> bytes:
        until = min(self.until, time.monotonic() + TURN)
        with exchanges.begin(place(server), socket.SOCK_STREAM) as talking:
            await exchanges.connect(talking, place(server), until)
            await exchanges.send(talking, len(self.wire).to_bytes(2) + self.wire, until)
            size = int.from_bytes(await exchanges.receive_exactly(talking, 2, until))
            if size > LONGEST:
                raise OSError(errno.EMSGSIZE, "too long")
            return await exchanges.receive_exactly(talking, size, until)
