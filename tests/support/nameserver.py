"""A name server on 127.0.0.1 port 53 that knows no name: for tests in a network namespace of
their own."""

from __future__ import annotations

import socket
import threading

import dns.message
import dns.rcode

RESOLV_CONF = "nameserver 127.0.0.1\n"


def start() -> None:
    """Answer until the process ends."""
    queries = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    queries.bind(("127.0.0.1", 53))
    threading.Thread(target=serve, args=(queries,), daemon=True).start()


def serve(queries: socket.socket) -> None:
    while True:
        wire, client = queries.recvfrom(65535)
        answer = dns.message.make_response(dns.message.from_wire(wire))
        answer.set_rcode(dns.rcode.NXDOMAIN)
        queries.sendto(answer.to_wire(), client)
