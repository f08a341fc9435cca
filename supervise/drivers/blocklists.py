"""Ask lists of clients in the DNS, several at once.

Each is asked by a process of its own: the library for the DNS waits for one answer at a time, and
its other way, asyncio, costs more to import than all these processes. They are gone before anybody
goes on as the next program.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from typing import NamedTuple

from supervise.drivers import resolver
from supervise.formats import blocklist
from supervise.machines.verdict import Answer, Kind, Source
from supervise.unix import pipes, processes

AT_ONCE = 16  # lists; those after them wait
TEXT_LIMIT = 4000  # bytes of an answer, so that a pipe takes it at once; 200 are told
RECORDS = {Kind.LISTED: "TXT", Kind.ALLOWED: "A"}
NOT_FOUND, FOUND, TROUBLE = b"-", b"+", b"!"

Answers = Generator[tuple[Source, Answer | None], None, None]


def prepare() -> None:
    """Import what a look-up needs."""
    resolver.prepare()


def ask(source: Source, ip: bytes) -> Answer | None:
    """What a list says of a client; None where it cannot be asked."""
    try:
        records = resolver.ask(blocklist.labels(ip, source.base), RECORDS[source.kind])
    except OSError:
        return None
    if source.kind is Kind.ALLOWED:
        return Answer(bool(records))
    text = b"".join(string for record in records for string in record.strings)
    return Answer(bool(text), text)


def ask_all(sources: list[Source], ip: bytes) -> Answers:
    """The answers in the order of the lists; whoever has heard enough closes the generator."""
    if len(sources) == 1:
        yield sources[0], ask(sources[0], ip)
        return
    import dns.resolver  # noqa: F401  (once, for all helpers)

    for first in range(0, len(sources), AT_ONCE):
        yield from ask_at_once(sources[first : first + AT_ONCE], ip)


def ask_at_once(sources: list[Source], ip: bytes) -> Answers:
    helpers: list[Helper | None] = []
    try:
        for source in sources:
            helpers.append(begin(source, ip))
        for source, helper in zip(sources, helpers, strict=True):
            yield source, ask(source, ip) if helper is None else unpack(read_all(helper.reading))
    finally:
        for helper in helpers:
            if helper is not None:
                end(helper)


class Helper(NamedTuple):
    pid: int
    reading: int


def begin(source: Source, ip: bytes) -> Helper | None:
    """Start a process that asks one list and writes the answer; None where there can be no more
    processes, so that we ask it ourselves."""
    try:
        reading, writing = pipes.make()
    except OSError:
        return None

    def helper() -> int:
        os.closerange(0, 2)  # the client shall not wait for us
        os.write(writing, pack(ask(source, ip)))
        return 0

    try:
        return Helper(processes.fork(helper), reading)
    except OSError:
        os.close(reading)
        return None
    finally:
        os.close(writing)


def end(helper: Helper) -> None:
    os.close(helper.reading)
    try:
        os.kill(helper.pid, signal.SIGKILL)
        os.waitpid(helper.pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass  # whoever started us ignores its children, so the kernel has collected it


def read_all(descriptor: int) -> bytes:
    answer = b""
    while block := os.read(descriptor, TEXT_LIMIT):
        answer += block
    return answer


def pack(answer: Answer | None) -> bytes:
    if answer is None:
        return TROUBLE
    return (FOUND if answer.found else NOT_FOUND) + answer.text[:TEXT_LIMIT]


def unpack(packed: bytes) -> Answer | None:
    """The inverse of `pack`; a helper that died without a word could not ask."""
    if packed[:1] not in (FOUND, NOT_FOUND):
        return None
    return Answer(packed[:1] == FOUND, packed[1:])
