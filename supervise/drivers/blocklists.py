"""Ask lists of clients in the DNS, all at once."""

from __future__ import annotations

from collections.abc import Generator

from supervise.drivers import dnsmessage, resolver
from supervise.formats import blocklist
from supervise.machines.verdict import ALLOWED, LISTED, Answer, Source
from supervise.unix.together import Together

RECORDS = {LISTED: "TXT", ALLOWED: "A"}

Answers = Generator[tuple[Source, Answer | None], None, None]


def prepare() -> None:
    """Import what a look-up needs."""
    dnsmessage.prepare()


def ask_all(sources: list[Source], ip: bytes, until: float) -> Answers:
    """The answers in the order of the lists; whoever has heard enough closes the generator."""
    with Together([ask(source, ip, until) for source in sources]) as asked:
        yield from zip(sources, asked, strict=True)


async def ask(source: Source, ip: bytes, until: float) -> Answer | None:
    """What a list says of a client; None where it cannot be asked, or does not say it in time."""
    labels = blocklist.labels(ip, source.base)
    try:
        records = await resolver.ask(labels, RECORDS[source.kind], until)
    except OSError:
        return None
    if source.kind is ALLOWED:
        return Answer(bool(records))
    text = b"".join(string for record in records for string in record.strings)
    return Answer(bool(text), text)
