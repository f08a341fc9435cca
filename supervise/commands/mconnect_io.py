"""Talk line by line with the network on descriptors 6 and 7, as tcpclient provides it.

mconnect-io

Standard input goes to the network with a CR before each LF, and the network to standard output as
it is. The end of the input is not told to the network, so that the answer to it can come.

Exits 0 when the network ends.
"""

from __future__ import annotations

import signal

from supervise.drivers.pump import Pump
from supervise.formats import crlf
from supervise.machines.relay import INWARD, OUTWARD, Relay

USAGE = "mconnect-io: usage: mconnect-io"

# The network is what decides when it is over, as the program does behind a relay.
SOURCES = {INWARD: 0, OUTWARD: 6}
SINKS = {INWARD: 7, OUTWARD: 1}


def main(argv: list[str]) -> int:
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # a reader who is gone is an error of the write
    Pump(Relay(transforms={INWARD: crlf.add}), SOURCES, SINKS).run()
    return 0
