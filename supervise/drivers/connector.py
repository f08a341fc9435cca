"""Connect to the first address of a host that answers."""

from __future__ import annotations

import errno
import os
import time

from supervise.errors import unable_to
from supervise.machines.attempts import Attempts
from supervise.rawtyping import NamedTuple
from supervise.unix import polling, sockets
from supervise.unix import rawsocket as socket
from supervise.unix.sockets import End

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from supervise.formats.timeouts import Timeouts

    Report = Callable[[End, OSError], None]

# Added to each time limit, as in the originals: with -T0 a server on this machine can be reached.
GRACE = 0.02  # seconds
ANYWHERE = {socket.AF_INET: bytes(4), socket.AF_INET6: bytes(16)}


class Source(NamedTuple):
    """Where a connection is to come from: None and 0 mean anywhere."""

    ip: bytes | None = None
    port: int = 0
    scope: int = 0

    def end(self, kind: socket.AddressFamily) -> End | None:
        """Our end for a family of addresses; None where the kernel may choose it."""
        if self.ip is not None:
            return End(self.ip, self.port, self.scope if len(self.ip) == 16 else 0)
        return End(ANYWHERE[kind], self.port) if self.port else None


def connect(
    places: list[End], source: Source, timeouts: Timeouts, report: Report
) -> socket.socket | None:
    """A socket that is connected to one of these places; None where none can be reached, and
    `report` was told of each."""
    attempts = Attempts(len(places), timeouts)
    while attempt := attempts.next():
        place = places[attempt.number]
        try:
            return reach(place, source, attempt.patience)
        except TimeoutError as late:
            if attempts.timed_out(attempt):
                report(place, late)
        except OSError as error:
            report(place, error)
    return None


def reach(place: End, source: Source, patience: float) -> socket.socket:
    """A socket that is connected to a place; OSError where it cannot be reached."""
    kind = sockets.family(place.ip)
    with unable_to("create socket"):
        connecting = socket.socket(kind, socket.SOCK_STREAM)
    try:
        bind(connecting, source.end(kind))
        connecting.setblocking(False)
        complete(connecting, place, time.monotonic() + patience + GRACE)
        connecting.setblocking(True)
    except BaseException:
        connecting.close()
        raise
    return connecting


def bind(connecting: socket.socket, source: End | None) -> None:
    if source is not None:
        with unable_to("bind socket"):
            connecting.bind(sockets.address(source))


def complete(connecting: socket.socket, place: End, until: float) -> None:
    """Connect, or raise what prevented it; the kernel's own time limit counts as ours."""
    number = connecting.connect_ex(sockets.address(place))
    if number == errno.EINPROGRESS:
        if not polling.writable(connecting.fileno(), until):
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        number = connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if number:
        raise OSError(number, os.strerror(number))
