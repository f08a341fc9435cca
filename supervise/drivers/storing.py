"""What qmail-queue does: a message and its envelope from two descriptors into a Maildir."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

from supervise.drivers import controls, maildir
from supervise.drivers.maildir import Delivery
from supervise.errors import on_trouble
from supervise.formats import envelope, queueexit, received
from supervise.formats.envelope import AddressTooLong, BadEnvelope, Field
from supervise.unix import descriptors, files, signals
from supervise.unix.waiting import Waiter

MAILDIR = "Maildir"
MESSAGE, ENVELOPE = 0, 1
CHUNK = 65536
TIME_LIMIT = 86400.0  # seconds for everything; as the original's
STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM)
NETWORK_SIGNS = (b"TCPREMOTEIP", b"PROTO")  # variables that only a network server sets


def run() -> int:
    """Be a queue process: store what is on the descriptors, and return the exit code."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file that may not grow is a write error
    if not (descriptors.is_open(MESSAGE) and descriptors.is_open(ENVELOPE)):
        return queueexit.READ_ERROR  # or what we open next would take their numbers
    wakeup = signals.wake_on(*STOPS)
    try:
        store(wakeup, time.monotonic() + TIME_LIMIT)
    except Refused as refused:
        return refused.code
    except MemoryError:
        return queueexit.OUT_OF_MEMORY
    return 0


class Refused(Exception):
    """The message is not stored; the exit code says why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class refusing_with(on_trouble):
    """Turn an OSError inside the block into that exit code."""

    def __init__(self, code: int) -> None:
        self.code = code

    def instead_of(self, error: OSError) -> Exception:
        return Refused(self.code)


class Source:
    """A descriptor read until its end, a stop signal or the monotonic deadline."""

    def __init__(self, descriptor: int, wakeup: int, deadline: float) -> None:
        self.descriptor = descriptor
        self.wakeup = wakeup
        self.deadline = deadline
        self.waiter = Waiter()
        self.waiter.add(wakeup)
        with refusing_with(queueexit.READ_ERROR):
            self.waiter.add(descriptor)

    def pieces(self) -> Iterator[bytes]:
        while piece := self.read():
            yield piece

    def read(self) -> bytes:
        ready = self.waiter.wait(self.deadline)
        if self.wakeup in ready:
            raise Refused(queueexit.TEMPORARY)
        if not ready:
            raise Refused(queueexit.TIMED_OUT)
        with refusing_with(queueexit.READ_ERROR):
            return os.read(self.descriptor, CHUNK)


def store(wakeup: int, deadline: float) -> None:
    """Store the message from descriptor 0 for the envelope from descriptor 1; raises Refused.

    The envelope comes last and its lines go first, so the message waits in a file without a name.
    """
    seconds = int(time.time())
    with refusing_with(queueexit.NO_HOME):
        controls.enter_home()
    with refusing_with(queueexit.NO_MAILDIR):
        maildir.make(MAILDIR)
    with refusing_with(queueexit.NO_SPOOL):
        spool = maildir.create_nameless(MAILDIR)
    for piece in Source(MESSAGE, wakeup, deadline).pieces():
        with refusing_with(queueexit.WRITE_ERROR):
            files.write_all(spool, piece)
    with refusing_with(queueexit.NO_FILE):
        delivery = Delivery(MAILDIR)
    try:
        write(delivery, Source(ENVELOPE, wakeup, deadline), seconds, spool)
        if signals.take():
            raise Refused(queueexit.TEMPORARY)
        with refusing_with(queueexit.NO_LINK):
            delivery.publish()
        # What may not be on the disk is shown no longer: the client will send it again.
        with refusing_with(queueexit.WRITE_ERROR):
            delivery.settle()
    except BaseException:
        delivery.discard()
        raise


def write(delivery: Delivery, source: Source, seconds: int, spool: int) -> None:
    """Everything of the message, on the disk, still without its name for readers."""
    for field in fields(source):
        with refusing_with(queueexit.WRITE_ERROR):
            delivery.write(trace(field))
    with refusing_with(queueexit.WRITE_ERROR):
        delivery.write(received.by_queue(os.getpid(), invoker(), seconds))
        delivery.copy_from(spool)
        delivery.sync()


def fields(source: Source) -> Iterator[Field]:
    """The addresses of a whole envelope."""
    reader = envelope.Reader()
    try:
        while not reader.complete:
            piece = source.read()
            if not piece:
                raise Refused(queueexit.READ_ERROR)
            yield from reader.feed(piece)
    except BadEnvelope:
        raise Refused(queueexit.BAD_ENVELOPE) from None
    except AddressTooLong:
        raise Refused(queueexit.ADDRESS_TOO_LONG) from None


def trace(field: Field) -> bytes:
    """The header line for an address."""
    if field.kind == envelope.SENDER:
        return received.return_path(field.address)
    return received.delivered_to(field.address)


def invoker() -> bytes:
    """Who called us, in the words of the Received line.

    The original knows by the user it runs as, one of several that it has of its own.
    """
    if any(sign in os.environb for sign in NETWORK_SIGNS):
        return b"from network"
    return b"by uid %d" % os.getuid()
