"""Tell a client on the standard descriptors that it is refused."""

from __future__ import annotations

from supervise.drivers.timedstream import Gone, SessionStream, TimedOut
from supervise.formats import smtp
from supervise.machines.refusal import Refusal
from supervise.unix import rawsignal as signal

SAYING = 60  # seconds for the text alone


def refuse(message: bytes, patience: int) -> None:
    """Talk with the client until one of us ends it."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # a client that left is an error of the write
    try:
        if patience:
            converse(Refusal(message), SessionStream(0, 1, patience))
        else:
            say_only(message)
    except (Gone, TimedOut):
        pass  # nobody to tell


def say_only(message: bytes) -> None:
    client = SessionStream(0, 1, SAYING)
    client.put(message + smtp.LINE_END)
    client.flush()


def converse(session: Refusal, client: SessionStream) -> None:
    client.put(session.greeting)
    while not session.over:
        for reply in session.received(client.read()):
            client.put(reply)
    client.flush()
