"""Receive mail over SMTP on descriptors 0 and 1, and hand it to a queue program.

qmail-smtpd

Runs in $QMAILHOME, or /var/qmail, and reads there control/me, smtpgreeting, localiphost,
timeoutsmtpd, rcpthosts, morercpthosts.cdb, badmailfrom and databytes. The client is known from
TCPREMOTEIP, TCPREMOTEHOST, TCPREMOTEINFO, TCPLOCALHOST and TCPLOCALIP; RELAYCLIENT lets it send to
anybody and DATABYTES replaces control/databytes. Where SSLCTLFD, SSLREADFD and SSLWRITEFD say how
TLS can be begun, as under tcpserver -N, STARTTLS is offered; FORCETLS, unless it is 0, wants TLS
before any mail. The queue program is $QMAILQUEUE, bin/qmail-queue where it exists, or the
qmail-queue that comes with this program.

Exits 0 after QUIT and 1 after any other end of the session. It writes nothing to descriptor 2.
"""

from __future__ import annotations

import os
import signal

from supervise import program
from supervise.drivers import controls, queue, starttls, storing
from supervise.drivers.conversation import Conversation
from supervise.drivers.morercpthosts import MoreHosts
from supervise.drivers.timedstream import Gone, TimedStream
from supervise.formats import queueexit, smtp
from supervise.formats.controls import number
from supervise.formats.received import Peer
from supervise.machines.mailpolicy import NONE, Policy
from supervise.machines.smtp import Session
from supervise.machines.smtpsettings import Settings
from supervise.unix import descriptors, files, interfaces, processes

USAGE = "qmail-smtpd: usage: qmail-smtpd"

OWN_QUEUE = "qmail-queue"
QUEUE_PATH = b"bin/qmail-queue"
TIME_LIMIT = 1200  # seconds for each read and each write, without control/timeoutsmtpd


class Refusal(Exception):
    """What the client is told instead of a greeting."""

    def __init__(self, reply: bytes) -> None:
        super().__init__(reply)
        self.reply = reply


def main(argv: list[str]) -> int:
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # a client that left is an error of the write
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, it would hide how the queue ended
    if not (descriptors.is_open(0) and descriptors.is_open(1)):
        return 1  # or what we open next would take the client's numbers
    client = TimedStream(0, 1, TIME_LIMIT)
    offer = starttls.offer(os.environb)
    if offer is not None:
        offer.keep()
    try:
        return converse(client, offer)
    except Refusal as refusal:
        return refuse(client, refusal.reply)
    except MemoryError:
        return refuse(client, smtp.OUT_OF_MEMORY)


def refuse(client: TimedStream, reply: bytes) -> int:
    try:
        client.put(reply)
        client.flush()
    except Gone:
        pass
    return 1


def converse(client: TimedStream, offer: starttls.Offer | None) -> int:
    try:
        controls.enter_home()
        client.limit = max(1, controls.number("timeoutsmtpd", TIME_LIMIT))
        more_hosts = MoreHosts()
        session = Session(settings(more_hosts, offer is not None))
    except OSError:
        raise Refusal(smtp.CONTROLS_UNREADABLE) from None
    return Conversation(session, client, queue_program(), more_hosts.has_any, offer).run()


def settings(more_hosts: MoreHosts, offers_tls: bool) -> Settings:
    me = controls.line("me")
    greeting = controls.line("smtpgreeting")
    greeting = me if greeting is None else greeting
    if greeting is None:
        raise Refusal(smtp.CONTROLS_UNREADABLE)
    limit = controls.number("databytes", 0)
    override = os.environb.get(b"DATABYTES")
    return Settings(
        greeting=greeting,
        peer=peer(),
        local=local_host(),
        size_limit=limit if override is None else number(override) or 0,
        policy=policy(me, more_hosts),
        secure=not offers_tls and b"SSL_PROTOCOL" in os.environb,
        offers_tls=offers_tls,
        forces_tls=os.environb.get(b"FORCETLS", b"0") != b"0",
    )


def policy(me: bytes | None, more_hosts: MoreHosts) -> Policy:
    local_name = controls.line("localiphost")
    local_name = me if local_name is None else local_name
    hosts = controls.names("rcpthosts")
    if hosts is not None:
        more_hosts.open()
    return Policy(
        relay=os.environb.get(b"RELAYCLIENT"),
        hosts=hosts,
        more_hosts=more_hosts.exist,
        bad_senders=controls.names("badmailfrom") or NONE,
        local_name=local_name,
        addresses=NONE if local_name is None else local_addresses(),
    )


def local_addresses() -> frozenset[bytes]:
    try:
        return interfaces.addresses() | {bytes(4)}
    except OSError:
        raise Refusal(smtp.ADDRESSES_UNKNOWN) from None


def peer() -> Peer:
    known = os.environb.get
    host, address = known(b"TCPREMOTEHOST", b"unknown"), known(b"TCPREMOTEIP", b"unknown")
    return Peer(host, address, known(b"TCPREMOTEINFO"))


def local_host() -> bytes:
    address = os.environb.get(b"TCPLOCALIP", b"unknown")
    return os.environb.get(b"TCPLOCALHOST", address)


def queue_program() -> queue.Program:
    """What the child of a message runs."""
    path = os.environb.get(b"QMAILQUEUE")
    if path is None and is_there(QUEUE_PATH):
        path = QUEUE_PATH
    return own_queue if path is None else lambda: run_queue(path)


def is_there(path: bytes) -> bool:
    try:
        return files.exists(path)
    except OSError:
        return True  # trouble is not absence: running it will tell


def own_queue() -> int:
    """Be qmail-queue in this process; all of it is imported already, since this user may not be
    allowed to read our files."""
    program.forget()
    processes.set_title([OWN_QUEUE])
    return storing.run()


def run_queue(path: bytes) -> int:
    """Exec a queue program; a bare name is one in the home directory and not in the PATH."""
    try:
        if path:
            program.execute(path, [os.fsdecode(path)])
    except OSError:
        pass
    return queueexit.NO_PROGRAM
