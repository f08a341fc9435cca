"""Say what a rules database does to a client.

tcprulescheck rules.cdb

The client is described by TCPREMOTEIP (0.0.0.0 where unset), TCPREMOTEHOST and TCPREMOTEINFO.

Exits 0 whether the client is allowed or denied, 100 for wrong usage, 111 where the database cannot
be read.
"""

from __future__ import annotations

import os

from supervise import errors, program
from supervise.drivers import access
from supervise.unix import files

USAGE = "tcprulescheck: usage: tcprulescheck rules.cdb"


def main(argv: list[str]) -> int:
    path, *_ = program.at_least(1, argv)
    client = os.environb
    with errors.unable_to(f"read {path}"):
        decision = access.lookup(
            path,
            client.get(b"TCPREMOTEIP", b"0.0.0.0"),
            client.get(b"TCPREMOTEHOST"),
            client.get(b"TCPREMOTEINFO"),
        )
    with errors.unable_to("write to standard output"):
        files.write_all(1, describe(decision))
    return 0


def describe(decision: access.Decision) -> bytes:
    said = [b"default:" if decision.key is None else b"rule " + decision.key + b":"]
    said += [b"set environment variable %s=%s" % setting for setting in decision.settings]
    said += [b"deny connection" if decision.deny else b"allow connection"]
    return b"".join(line + b"\n" for line in said)
