"""Accept TCP connections, and run a program for each with the connection as its standard input
and output.

tcpserver [ options ] host port program [ arg ... ]

The host is a name, an address, or 0 for every address of this machine, IPv4 and IPv6; the port is a
number or the name of a service.

The program finds in its environment PROTO (TCP or TCP6), TCPLOCALIP, TCPLOCALPORT, TCPLOCALHOST,
TCPREMOTEIP, TCPREMOTEPORT, TCPREMOTEHOST and TCPREMOTEINFO; what is not known is not set. Options:

    -c n      serve at most n connections at once (40; never more than 65536)
    -C n:msg  serve at most n of them from one address; one more is told the message, in which \\n,
              \\r and \\\\ are LF, CR and a backslash (with -n nothing), and closed
    -b n      let n more wait in the kernel (1024)
    -x file   ask this database of rules, made by tcprules, whether a client may connect; it is
              opened for each connection, so a new one counts at once
    -X        allow all while there is no database of rules
    -B text   greet the client with this text
    -g n      be this group after binding
    -u n      be this user after binding
    -U        be the group and user of $GID and $UID after binding
    -1        write the number of the port to standard output
    -4        use IPv4 only
    -6        treat IPv4 clients as IPv6 ones
    -I name   serve a host that is a link-local address on this interface
    -l name   take this for the local host name, which is looked up otherwise
    -h        look up the client's name (default)
    -H        do not look up the client's name
    -p        keep the client's name only if it is confirmed by looking it up in turn
    -P        keep the client's name always (default)
    -r        ask the client's machine for its user (default)
    -R        do not ask the client's machine for its user
    -t n      give up asking for the user after n seconds (5)
    -y list   take clients at these addresses and CIDR ranges, joined by commas, for proxies: each
              must begin with a PROXY header (version 1 or 2), and what that tells is taken for the
              client's address and ours, except where it tells nothing; nobody asks for a user then
    -n file   speak TLS: the file, or $CERTFILE where its name is empty, has the certificate, then
              those that lead from it to a known authority, and the key, unless $KEYFILE has it;
              $CAFILE: serve only clients with a certificate from these authorities; $CIPHERS:
              accept these ciphers of TLS 1.2 only
    -N file   let the program begin TLS when it likes, as UCSPI-TLS says: by «y» or «Y» written to
              $SSLCTLFD, and from then on it reads and writes on $SSLREADFD and $SSLWRITEFD
    -T n      drop a client that has to begin with a handshake, be it that header or TLS, after n
              seconds without it (26)
    -G n      when told to end, go on without listening until the children have ended, or for n
              seconds, and then send TERM to those that are left
    -d        let the kernel delay small writes (default)
    -D        send small writes at once
    -o        leave IP options such as source routes alone
    -O        remove IP options such as source routes (default)
    -q        print no messages at all
    -Q        print warnings (default)
    -v        print warnings, and every connection

The names and the user are asked for all at once. What is not known after 5 seconds is taken not to
be there; -t gives the user, and only the user, more time or less.

-c and -C may name a file, by a word with a slash, that holds the value in its first line. SIGHUP
has it, and the certificate, read again. SIGUSR1 has the connections told on standard error, each in
a line with its process, the client's name and address, and the seconds since its start.

A client is also refused by these variables of the environment, or of the rule that is about it:

    MAXCONNIP   when there are n connections from its address already; 0 refuses always, as below
    MAXCONNC    when there are n from the addresses that share its first 24 bits (IPv6: 64)
    MAXCONNNET  the same for other lengths, IPv4/IPv6:n, such as 16:200, 22/48:20 or /56:5
    MAXLOAD     when the machine's load of the last minute is n hundredths or more
    DIEMSG      what such a client is told, and CR LF, before the connection is closed

An empty variable sets no limit. A connection counts for these from when its program is run, until
its process has ended. Where there is a limit on its address the program finds in TCPCONCURRENCY
how many connections from there are served, its own included.

Exits 0 on SIGTERM, when the children go on; with -G on SIGINT too, when none is left or the time is
over, and at once on a second one. Exits 100 for wrong usage, 111 when it could not begin. A
child exits 100 when the rules deny its client, 111 when it could not run the program or the client
did not make the handshake.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from supervise import errors, program
from supervise.drivers import connection, hosts, listener, listeningsocket
from supervise.drivers.connection import QUIET, TELLING, WARNING, Settings
from supervise.drivers.conntable import Place
from supervise.drivers.limitfiles import Limits
from supervise.errors import unable_to
from supervise.formats import number
from supervise.unix import accounts, descriptors
from supervise.unix.sockets import End

if TYPE_CHECKING:
    from supervise.formats.networks import Network

USAGE = (
    "tcpserver: usage: tcpserver [ -461UXpPhHrRoOdDqQv ] [ -c limit ] [ -C limit:msg ]"
    " [ -x rules.cdb ] [ -B banner ] [ -g gid ] [ -u uid ] [ -b backlog ] [ -l localname ]"
    " [ -t timeout ] [ -T handshaketimeout ] [ -y proxies ] [ -n certificate ]"
    " [ -N certificate ] [ -G grace ] [ -I interface ] host port program"
)


class Wanted(Settings):
    """What the command line asks for."""

    total = b"40"
    per_address: bytes | None = None
    backlog = 1024  # beyond it the kernel drops packets, and some clients, of a burst; theirs is 20
    group = 0  # 0: stay what we are
    user = 0
    print_port = False
    only_ipv4 = False
    interface: str | None = None
    proxy_words: bytes | None = None


SWITCHES: dict[str, tuple[str, object]] = {
    "1": ("print_port", True),
    "4": ("only_ipv4", True),
    "6": ("as_ipv6", True),
    "X": ("rules_may_miss", True),
    "p": ("paranoid", True),
    "P": ("paranoid", False),
    "h": ("remote_names", True),
    "H": ("remote_names", False),
    "r": ("identify", True),
    "R": ("identify", False),
    "o": ("keep_ip_options", True),
    "O": ("keep_ip_options", False),
    "d": ("at_once", False),
    "D": ("at_once", True),
    "q": ("verbosity", QUIET),
    "Q": ("verbosity", WARNING),
    "v": ("verbosity", TELLING),
}
NUMBERS = {
    "b": "backlog",
    "G": "grace",
    "g": "group",
    "u": "user",
    "t": "patience",
    "T": "handshake_patience",
}
WORDS = {"x": "rules", "I": "interface"}
CERTIFICATES = {"n": False, "N": True}  # whether the program begins TLS
BYTES = {"c": "total", "C": "per_address", "B": "banner", "l": "local_name", "y": "proxy_words"}
ROOT = 0
FROM_ENVIRONMENT = {"UID": "user", "GID": "group"}


def main(argv: list[str]) -> int:
    wanted, operands = read(argv)
    try:
        host, port, *child = program.at_least(2, operands)
        return serve(wanted, host, port, child)
    except errors.Failure as failure:
        if wanted.verbosity == QUIET:
            return failure.code
        raise


def read(argv: list[str]) -> tuple[Wanted, list[str]]:
    wanted = Wanted()
    valued = "".join((*NUMBERS, *WORDS, *CERTIFICATES, *BYTES))
    options = program.Options(argv, "U" + "".join(SWITCHES), valued)
    for letter, value in options:
        if letter == "U":
            take_environment(wanted)
        elif letter in SWITCHES:
            setattr(wanted, *SWITCHES[letter])
        elif letter in NUMBERS:
            setattr(wanted, NUMBERS[letter], number.leading(value))
        elif letter in CERTIFICATES:
            wanted.certificate, wanted.tls_delayed = value, CERTIFICATES[letter]
        elif letter in WORDS:
            setattr(wanted, WORDS[letter], value)
        else:
            setattr(wanted, BYTES[letter], os.fsencode(value))
    return wanted, options.operands


def take_environment(wanted: Wanted) -> None:
    for name, field in FROM_ENVIRONMENT.items():
        if name in os.environ:
            setattr(wanted, field, number.leading(os.environ[name]))


def serve(wanted: Wanted, host: str, port: str, child: list[str]) -> int:
    with unable_to(f"open {os.devnull}"):
        descriptors.open_standard()
    if wanted.proxy_words is not None:
        wanted.proxies = proxies(wanted.proxy_words)
    wanted.limits = Limits(wanted.total, wanted.per_address)
    listening_port = hosts.port_number(port)
    program.at_least(1, child)
    listening = listeningsocket.listen(place(wanted, host), listening_port, wanted.backlog)
    local_port = listeningsocket.port_of(listening)
    program.preload(child)
    wanted.prepare()
    wanted.hold_key(lambda: take_on(wanted))
    drop_privileges(wanted)

    def begin(accepted: socket.socket, peer: End, row: Place) -> int:
        return connection.serve(wanted, child, accepted, peer, row, program.become)

    server = listener.Listener(wanted, listening, begin)
    if wanted.print_port:
        print_port(wanted, local_port)
    listener.leave_standard()
    return server.run()


def proxies(words: bytes) -> list[Network]:
    from supervise.formats import networks

    try:
        return networks.parse(words)
    except ValueError:
        raise errors.Mistake(f"unable to understand -y {os.fsdecode(words)}") from None


def place(wanted: Wanted, host: str) -> End | None:
    """Where to listen; None is everywhere."""
    if host in ("", "0"):
        return End(listeningsocket.ANY_IPV4, 0) if wanted.only_ipv4 else None
    return hosts.find(host, 0, not wanted.only_ipv4, interface=wanted.interface)[0]


def drop_privileges(wanted: Wanted) -> None:
    take_on(wanted)
    # The originals say nothing, and whoever writes -u believes that no right of root is left.
    if wanted.user and not wanted.group and accounts.in_group(ROOT):
        wanted.warn("still in the group of root: -u was given without -g")


def take_on(wanted: Wanted) -> None:
    """Be the group and the user that are wanted."""
    try:
        if wanted.group:
            with unable_to("set gid"):
                accounts.set_group(wanted.group)
        if wanted.user:
            with unable_to("set uid"):
                accounts.set_user(wanted.user)
    except OverflowError:
        # Cut to 32 bits, as the originals do, such a number could turn out to be root.
        raise errors.Failure("unable to set uid or gid: invalid argument") from None


def print_port(wanted: Wanted, port: int) -> None:
    try:
        os.write(1, b"%d\n" % port)
    except OSError as error:
        wanted.warn(f"unable to print port: {errors.reason(error)}")
