"""What this machine's files and the environment say of the DNS: whom to ask, and for which names.

Nothing that asks is loaded for it: the text of an address may be rewritten too.
"""

from __future__ import annotations

import os

from supervise.formats import qualify, resolvconf
from supervise.unix import files, rawsocket

RESOLV_CONF = b"/etc/resolv.conf"
REWRITE_FILE = b"/etc/dnsrewrite"
LOCAL_SERVER = b"127.0.0.1"


def servers() -> list[bytes]:
    named = resolvconf.cache_servers(os.environb.get(b"DNSCACHEIP", b""))
    return named or resolvconf.servers(configuration()) or [LOCAL_SERVER]


def configuration() -> bytes:
    """What resolv.conf says; one that we may not or cannot read says nothing."""
    try:
        return files.read_whole(RESOLV_CONF)
    except OSError:
        return b""


def rewriting() -> list[qualify.Rule]:
    """The rules for a host's name, from the first place that has any."""
    path = os.environb.get(b"DNSREWRITEFILE", REWRITE_FILE)
    if files.exists(path):
        return qualify.parse(files.read_whole(path))
    named = os.environb.get(b"LOCALDOMAIN")
    # Every space counts: what is empty beside one is no domain, to be tried too.
    domains = None if named is None else named.split(b" ")
    if domains is None:
        domains = resolvconf.domains(configuration())
    if domains is None:
        domains = [
            part for part in os.fsencode(rawsocket.gethostname()).partition(b".")[2:] if part
        ]
    return qualify.appending(domains)
