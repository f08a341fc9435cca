"""A network of the test's own: a loopback, all ports of it free, and a name server.

An address elsewhere cannot be reached, and says so at once.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator

from tests.support import namespaces

HEADER, TYPE_AND_CLASS = 12, 4  # bytes. Source: RFC 1035
NO_SUCH_NAME, NO_RECORDS = b"\x81\x83", b"\0\0\0\0\0\0"


@contextlib.contextmanager
def entered() -> Iterator[None]:
    """Be in a network namespace of our own."""
    old = os.open("/proc/self/ns/net", os.O_RDONLY)
    namespaces.checked(namespaces.libc.unshare(namespaces.CLONE_NEWNET), "unshare")
    try:
        namespaces.loopback_up()
        yield
    finally:
        namespaces.checked(namespaces.libc.setns(old, namespaces.CLONE_NEWNET), "setns")
        os.close(old)


@contextlib.contextmanager
def names_unknown() -> Iterator[list[bytes]]:
    """A name server on 127.0.0.1 that knows no name, and the questions that it has heard."""
    heard: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 53))
        thread = threading.Thread(target=answer, args=(server, heard))
        thread.start()
        try:
            yield heard
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                end.sendto(b"", server.getsockname())
            thread.join()


def answer(server: socket.socket, heard: list[bytes]) -> None:
    """Answer until an empty message comes."""
    while True:
        query, client = server.recvfrom(65535)
        if not query:
            return
        question = query[HEADER : end_of_name(query) + TYPE_AND_CLASS]
        heard.append(question)
        known = query[:2] + NO_SUCH_NAME + b"\0\1" + NO_RECORDS
        server.sendto(known + question, client)


def end_of_name(query: bytes) -> int:
    """The place behind the name in a question."""
    place = HEADER
    while query[place]:
        place += 1 + query[place]
    return place + 1
