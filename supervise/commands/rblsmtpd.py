"""Run a mail server, unless lists in the DNS speak against the client, who is then refused.

rblsmtpd [ options ] smtpd [ arg ... ]

The client is $TCPREMOTEIP. Where $RBLSMTPD is set no list is asked: empty accepts the client,
anything else refuses it with this text, for good where it begins with a dash.

All lists are asked at once, and the first one that knows the client decides. A list that has not
answered after 5 seconds cannot be asked. A refused client can talk, but every recipient is
refused; one line on standard error tells of it. Options:

    -r base   refuse the client if base has a TXT record for it, which is the text
    -a base   accept the client if base has an A record for it
    -b        for the lists that follow: refuse for good (553)
    -B        for the lists that follow: refuse for now (451, default)
    -c        for the lists that follow: one that cannot be asked speaks against the client
    -C        for the lists that follow: one that cannot be asked speaks for the client (default)
    -t n      end the dialogue with a refused client after n seconds (60); 0: just say the text

Exits 0 after a refusal, 100 for wrong usage, 111 when the server cannot be run; otherwise the
server's code.
"""

from __future__ import annotations

import os

from supervise import errors, program
from supervise.formats import number
from supervise.machines.verdict import ALLOWED, LISTED, Rejection, Source, Verdict

# -R is told of and not known, -B, -c and -C are known and not told of: so it is in the original.
USAGE = (
    "rblsmtpd: usage: rblsmtpd [ -b ] [ -R ] [ -t timeout ] [ -r base ] [ -a base ]"
    " smtpd [ arg ... ]"
)

LISTS = {"r": LISTED, "a": ALLOWED}
SWITCHES = {
    "b": ("permanent", True),
    "B": ("permanent", False),
    "c": ("closed", True),
    "C": ("closed", False),
}


class Wanted:
    """What the command line asks for."""

    def __init__(self) -> None:
        self.sources: list[Source] = []
        self.patience = 60  # seconds for the whole dialogue
        self.permanent = False
        self.closed = False


def prepare() -> None:
    """Import what a look-up and a refusal need, while we may still read our own files."""
    from supervise.drivers import blocklists, refusing  # noqa: F401

    blocklists.prepare()


def main(argv: list[str]) -> int:
    wanted, operands = read(argv)
    child = program.at_least(1, operands)
    ip = os.environb.get(b"TCPREMOTEIP", b"")
    rejection = judge(wanted.sources, ip)
    if rejection is None:
        return program.become_or_fail(child)
    refuse(rejection, ip, wanted.patience)
    return 0


def read(argv: list[str]) -> tuple[Wanted, list[str]]:
    wanted = Wanted()
    options = program.Options(argv, "".join(SWITCHES), "t" + "".join(LISTS))
    for letter, value in options:
        if letter in SWITCHES:
            setattr(wanted, *SWITCHES[letter])
        elif letter == "t":
            wanted.patience = number.leading(value)
        else:
            base = os.fsencode(value)
            wanted.sources.append(Source(LISTS[letter], base, wanted.permanent, wanted.closed))
    return wanted, options.operands


def judge(sources: list[Source], ip: bytes) -> Rejection | None:
    """How the client is to be refused; None where it is accepted."""
    verdict = Verdict(os.environb.get(b"RBLSMTPD"))
    if sources and not verdict.decided:
        hear(verdict, sources, ip)
    return verdict.rejection


def hear(verdict: Verdict, sources: list[Source], ip: bytes) -> None:
    from supervise.drivers import blocklists, lookups

    answers = blocklists.ask_all(sources, ip, lookups.deadline())
    for source, answer in answers:
        verdict.answered(source, answer)
        if verdict.decided:
            break
    answers.close()


def refuse(rejection: Rejection, ip: bytes, patience: int) -> None:
    from supervise.drivers import refusing
    from supervise.formats import blocklist

    message = blocklist.message(*rejection)
    errors.diagnose(f"rblsmtpd: {os.fsdecode(ip)} pid {os.getpid()}: {message.decode('ascii')}")
    refusing.refuse(message, patience)
