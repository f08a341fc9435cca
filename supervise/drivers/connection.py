"""One connection of tcpserver, in the child that serves it: from the first log line to the program.

The order is the interface: PROXY header, first log line, limit of its address, banner, local name,
remote name, remote info, rules, limits that they set, log line, program.
So a client that the rules deny has had the banner, and has cost all look-ups.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from supervise import errors
from supervise.drivers import lookups
from supervise.drivers.conntable import Place
from supervise.drivers.limitfiles import Limits
from supervise.drivers.turnstile import TurnedAway, Turnstile
from supervise.formats import address, tcplog, ucspi
from supervise.unix import descriptors, files, sockets
from supervise.unix.sockets import End

if TYPE_CHECKING:
    from supervise.drivers.tls import Line, Tls, Variables
    from supervise.formats.networks import Network

QUIET, WARNING, TELLING = range(3)

Changes = list[tuple[bytes, bytes]]
Become = Callable[[list[str], Mapping[bytes, bytes]], int]


class Settings(lookups.Settings):
    """What tcpserver was told about every connection."""

    verbosity = WARNING
    banner = b""
    handshake_patience = 26  # seconds for what a client has to say before it is a client
    rules: str | None = None
    rules_may_miss = False
    keep_ip_options = False
    at_once = False
    as_ipv6 = False
    limits = Limits(b"40")
    grace: int | None = None  # seconds for the children when we are told to end; None: no end
    proxies: Sequence[Network] = ()  # who has to say first whom they speak for
    certificate: str | None = None  # None: no TLS
    tls_delayed = False  # whether the program begins it
    tls: Tls | None = None  # what is made of these

    def shown(self, ip: bytes) -> bytes:
        """An IPv4 client of an IPv6 socket is an IPv4 client, unless the user wants IPv6 always."""
        return address.long(ip) if self.as_ipv6 else address.short(ip)

    def tell(self, line: str) -> None:
        if self.verbosity >= TELLING:
            errors.diagnose(line)

    def warn(self, text: str) -> None:
        if self.verbosity >= WARNING:
            errors.warn("tcpserver", text)

    def prepare(self) -> None:
        """Import what the children will need, once, and while we may still read our own files."""
        if self.rules is not None:
            from supervise.drivers import access  # noqa: F401
        if self.proxies:
            from supervise.drivers import proxied  # noqa: F401
        super().prepare()

    def hold_key(self, take_on: Callable[[], None]) -> None:
        """Have the certificate read, where there is to be TLS, by a process that gives up its
        rights then."""
        if self.certificate is not None:
            from supervise.drivers import tls

            self.tls = tls.Tls(self.certificate, self.tls_delayed, take_on, self.warn)


def serve(
    settings: Settings,
    words: list[str],
    connection: socket.socket,
    peer: End,
    place: Place,
    become: Become,
) -> int:
    """Serve one connection: return the exit code of the child, or become the program."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # until then a lost client is an error to report
    try:
        return Child(settings, connection, peer, place).run(words, become)
    except errors.Failure as failure:
        settings.warn(f"dropping connection, {failure.text}")
        return failure.code
    except MemoryError:
        settings.warn("dropping connection, out of memory")
        return errors.TEMPORARY


class Child:
    """The child of one connection, and what it finds out."""

    def __init__(
        self, settings: Settings, connection: socket.socket, peer: End, place: Place
    ) -> None:
        self.settings = settings
        self.connection = connection
        self.turnstile = Turnstile(place, settings.limits.per_address)
        self.remote = self.shown(peer)
        self.local: End | None = None  # None: what the socket says
        self.line: Line | None = None  # where TLS comes between the client and us
        self.tls_variables: Variables = []

    def shown(self, end: End) -> End:
        return end._replace(ip=self.settings.shown(end.ip))

    def run(self, words: list[str], become: Become) -> int:
        if self.settings.proxies:
            self.heed_proxy()
        self.settings.tell(tcplog.began(os.getpid(), address.text(self.remote.ip)))
        if turned_away := self.turnstile.arrive(self.remote.ip):
            return self.deny(lookups.unasked(self.settings, self.here(), self.remote), turned_away)
        self.set_options()
        if not self.secured():
            return errors.TEMPORARY
        self.greet()
        facts = self.find_out()
        denied, changes = self.judge(facts)
        if denied:
            return self.deny(facts)
        if turned_away := self.admit(facts, changes):
            return self.deny(facts, turned_away)
        self.settings.tell(tcplog.decided("ok", os.getpid(), facts))
        self.offer_tls()
        environment = self.environment(facts, changes)
        self.to_standard()
        with errors.unable_to(f"run {words[0]}"):
            return become(words, environment)

    def heed_proxy(self) -> None:
        """If the client is a proxy, let it tell whose connection this is."""
        from supervise.drivers import proxied
        from supervise.formats import networks

        ip = address.short(self.remote.ip)
        if not networks.hold(self.settings.proxies, ip):
            return
        proxy = address.text(ip).decode("ascii")
        ends = proxied.ends(self.connection, self.settings.handshake_patience, proxy)
        if ends is not None:
            self.remote = self.shown(End(ends.remote_ip, ends.remote_port))
            self.local = self.shown(End(ends.local_ip, ends.local_port))
            self.settings.identify = False  # the client's machine knows of no such connection

    def set_options(self) -> None:
        self.connection.setblocking(True)
        if not self.settings.keep_ip_options:
            sockets.forget_route(self.connection)
        if self.settings.at_once:
            sockets.send_at_once(self.connection)

    def secured(self) -> bool:
        """Make the handshake, where TLS is not left to the program; whether that went well."""
        tls = self.settings.tls
        if tls is None or tls.delayed:
            return True
        self.line = tls.lay(self.connection, self.settings.handshake_patience)
        variables = self.line.begin()
        self.tls_variables = variables or []
        return variables is not None

    def offer_tls(self) -> None:
        """Where TLS is left to the program, let it know how."""
        tls = self.settings.tls
        if tls is not None and tls.delayed:
            line = tls.lay(self.connection, self.settings.handshake_patience)
            self.tls_variables = line.offer()

    def greet(self) -> None:
        if self.settings.banner:
            with errors.unable_to("print banner"):
                self.say(self.settings.banner)

    def say(self, text: bytes) -> None:
        """Tell the client something, in the way that the program will."""
        if self.line is None:
            self.connection.sendall(text)
        else:
            files.write_all(self.line.writing, text)

    def find_out(self) -> tcplog.Connection:
        return lookups.find_out(self.settings, self.here(), self.remote)

    def here(self) -> End:
        if self.local is None:
            with errors.unable_to("get local address"):
                self.local = self.shown(sockets.end(self.connection.getsockname()))
        return self.local

    def judge(self, facts: tcplog.Connection) -> tuple[bool, Changes]:
        """Whether the rules deny this client, and the variables that they set."""
        if self.settings.rules is None:
            return False, []
        from supervise.drivers import access

        with errors.unable_to(f"read {self.settings.rules}"):
            try:
                decision = access.lookup(
                    self.settings.rules, facts.remote_ip, facts.remote_host, facts.remote_info
                )
            except OSError as error:
                if error.errno == errno.ENOENT and self.settings.rules_may_miss:
                    return False, []
                raise
        return decision.deny, decision.settings

    def admit(self, facts: tcplog.Connection, changes: Changes) -> TurnedAway | None:
        """Why the limits that are set for this client turn it away, if they do."""
        variables = dict(changes)
        return self.turnstile.serve(
            self.remote.ip,
            facts.remote_host,
            lambda name: variables.get(name, os.environb.get(name)),
        )

    def deny(self, facts: tcplog.Connection, turned_away: TurnedAway | None = None) -> int:
        self.turnstile.leave()
        why = "" if turned_away is None else tcplog.why(*turned_away.refusal)
        self.settings.tell(tcplog.decided("deny", os.getpid(), facts) + why)
        if turned_away is not None and turned_away.message:
            self.part_with(turned_away.message)
        return errors.PERMANENT

    def part_with(self, message: bytes) -> None:
        """Say what can be said without waiting; nothing where the client expects a handshake."""
        if self.line is not None:
            self.line.write_now(message)
        elif self.settings.tls is None or self.settings.tls.delayed:
            sockets.part_with(self.connection, message)

    def environment(self, facts: tcplog.Connection, changes: Changes) -> dict[bytes, bytes]:
        environment = dict(os.environb)
        protocol = b"TCP" if len(self.remote.ip) == 4 else b"TCP6"
        scope = self.remote.scope
        interface = sockets.interface_name(scope) if scope else None
        variables = ucspi.variables(facts, protocol, interface)
        for name, value in [*variables, *self.tls_variables]:
            environment.pop(name, None)
            if value is not None:
                environment[name] = value
        environment.pop(b"TCPCONCURRENCY", None)
        if self.turnstile.concurrency is not None:
            environment[b"TCPCONCURRENCY"] = b"%d" % self.turnstile.concurrency
        environment.update(changes)
        environment.pop(b"", None)  # no name: exec would refuse all of them
        return environment

    def to_standard(self) -> None:
        """The program reads and writes the connection as descriptors 0 and 1."""
        with errors.unable_to("set up descriptors"):
            if self.line is not None:
                self.connection.close()
                self.line.to_standard()
            else:
                descriptors.move(self.connection.detach(), 0)
                os.dup2(0, 1)
