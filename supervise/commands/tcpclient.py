"""Connect to a server, and run a program with the connection as its descriptors 6 and 7.

tcpclient [ options ] host port program [ arg ... ]

The host is a name, an address, or 0 for this machine; the port is a number or the name of a
service. All addresses of a name are tried, IPv4 first.

The program finds in its environment PROTO (TCP or TCP6), TCPLOCALIP, TCPLOCALPORT, TCPLOCALHOST,
TCPREMOTEIP, TCPREMOTEPORT, TCPREMOTEHOST and TCPREMOTEINFO; what is not known is not set. Options:

    -T x+y    give each address x seconds, then those that did not answer y more (2+58)
    -i ip     connect from this address
    -p port   connect from this port
    -4        use IPv4 only
    -6        treat IPv4 addresses as IPv6 ones
    -I name   reach a host that is a link-local address through this interface
    -l name   take this for the local host name, which is looked up otherwise
    -h        look up the server's name (default)
    -H        do not look up the server's name
    -r        ask the server's machine for its user (default)
    -R        do not ask the server's machine for its user
    -t n      give up asking for the user after n seconds (5)
    -d        let the kernel delay small writes (default)
    -D        send small writes at once
    -q        print no messages at all
    -Q        print errors (default)
    -v        print errors, and the address that was reached

The addresses of a name are looked up in 5 seconds. The names and the user are asked for all at once
then. What is not known after 5 seconds is taken not to be there; -t gives the user, and only the
user, more time or less.

Exits 100 for wrong usage, 111 when there is no connection or the program cannot be run; otherwise
the program's code.
"""

from __future__ import annotations

import os

from supervise import errors, program
from supervise.drivers import connector, hosts, outgoing
from supervise.errors import Usage
from supervise.formats import address, number, timeouts
from supervise.unix import rawsignal as signal
from supervise.unix.sockets import End

USAGE = (
    "tcpclient: usage: tcpclient [ -46hHrRdDqQv ] [ -i localip ] [ -p localport ]"
    " [ -T timeoutconn ] [ -l localname ] [ -t timeoutinfo ] [ -I interface ] host port program"
)

DIGITS = number.DIGITS.encode()
LOOPBACK, IPV6_LOOPBACK = "127.0.0.1", "::1"


class Wanted(outgoing.Settings):
    """What the command line asks for."""

    quiet = False
    timeouts = timeouts.Timeouts(2, 58)
    local_ip: bytes | None = None
    local_port = 0
    only_ipv4 = False
    interface: str | None = None

    def report(self, place: End, error: OSError) -> None:
        """Say of one address why it could not be reached."""
        if not self.quiet:
            ip = address.text(place.ip).decode("ascii")
            reason = errors.reason(error)
            errors.diagnose(f"tcpclient: unable to connect to {ip} port {place.port}: {reason}")


SWITCHES: dict[str, dict[str, bool]] = {
    "4": {"only_ipv4": True},
    "6": {"as_ipv6": True},
    "h": {"remote_names": True},
    "H": {"remote_names": False},
    "r": {"identify": True},
    "R": {"identify": False},
    "d": {"at_once": False},
    "D": {"at_once": True},
    "q": {"quiet": True, "telling": False},
    "Q": {"quiet": False, "telling": False},
    "v": {"quiet": False, "telling": True},
}


NUMBERS = {"t": "patience", "p": "local_port"}


def main(argv: list[str]) -> int:
    wanted, operands = read(argv)
    try:
        host, port, *child = program.at_least(2, operands)
        return connect(wanted, host, port, child)
    except errors.Failure as failure:
        if wanted.quiet:
            return failure.code
        raise


def read(argv: list[str]) -> tuple[Wanted, list[str]]:
    wanted = Wanted()
    options = program.Options(argv, "".join(SWITCHES), "tpiTlI")
    for letter, value in options:
        if letter in SWITCHES:
            vars(wanted).update(SWITCHES[letter])
        elif letter in NUMBERS:
            setattr(wanted, NUMBERS[letter], number.leading(value))
        elif letter == "i":
            wanted.local_ip = local_address(os.fsencode(value))
        elif letter == "T":
            wanted.timeouts = timeouts.parse(value)
        elif letter == "l":
            wanted.local_name = os.fsencode(value)
        else:
            wanted.interface = value
    return wanted, options.operands


def local_address(word: bytes) -> bytes:
    """An address in numbers; after an IPv4 one anything may follow."""
    found = address.parse(word) if b":" in word else first_quad(word)
    if found is None:
        raise Usage
    return found


def first_quad(word: bytes) -> bytes | None:
    *parts, last = word.split(b".", 3)
    parts.append(last[: len(last) - len(last.lstrip(DIGITS))])
    if len(parts) < 4 or not all(part.isdigit() for part in parts):
        return None
    return bytes(number.leading(part.decode("ascii")) % 256 for part in parts)


def connect(wanted: Wanted, host: str, port: str, child: list[str]) -> int:
    outgoing.close_descriptors()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # until then a lost server is an error to report
    port_number = hosts.port_number(port)
    program.at_least(1, child)
    places = find(wanted, host, port_number)
    connection = connector.connect(places, source(wanted), wanted.timeouts, wanted.report)
    if connection is None:
        return errors.TEMPORARY
    return program.become_or_fail(child, outgoing.prepare(wanted, connection))


def find(wanted: Wanted, host: str, port: int) -> list[End]:
    """Where to connect: only what can be reached from the local address."""
    size = len(wanted.local_ip or b"")
    if host in ("", "0"):
        host = IPV6_LOOPBACK if size == 16 else LOOPBACK
    ipv6 = size != 4 and not wanted.only_ipv4
    found = hosts.find(host, port, ipv6, both=True, interface=wanted.interface)
    places = [place for place in found if size in (0, len(place.ip))]
    if not places:
        raise errors.Failure(f"no IP address for {host}")
    return places


def source(wanted: Wanted) -> connector.Source:
    """Where to connect from."""
    scope = hosts.scope_of(wanted.interface)
    return connector.Source(wanted.local_ip, wanted.local_port % 2**16, scope)
