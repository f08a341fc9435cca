"""Questions for name servers and what they answer, made and read by dnspython.

It is imported where a name is looked up: it costs 60 to 110 ms.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dns.message import Message

NUMBER = slice(0, 2)  # where the number of a question is, and of its answer. Source: RFC 1035
FLAGS = 2
ANSWER, OPERATION, TRUNCATED = 0x80, 0x78, 0x02  # of the flags


def prepare() -> None:
    """Import what a look-up needs, and every type of record: an answer may hold any, and the
    library would otherwise look for its module then, when we may not read our own files, and once
    more for each connection."""
    import dns.message
    import dns.rdata

    dns.rdata.load_all_types()  # type: ignore[no-untyped-call]


def query(labels: tuple[bytes, ...], kind: str) -> Message:
    """A question for records of that kind, with a number that nobody can guess; OSError with
    EPROTO for what is no name."""
    import dns.exception
    import dns.message
    import dns.name

    try:
        return dns.message.make_query(dns.name.Name((*labels, b"")), kind)
    except dns.exception.DNSException as trouble:
        raise OSError(errno.EPROTO, str(trouble)) from trouble


def is_numbered(asked: bytes, wire: bytes) -> bool:
    """Whether a message has the number of what was asked, as only those know who heard it."""
    return wire[NUMBER] == asked[NUMBER]


def is_truncated(wire: bytes) -> bool:
    """Whether it says that there is more than a datagram can hold."""
    return len(wire) > FLAGS and bool(wire[FLAGS] & TRUNCATED)


def read(asked: Message, wire: bytes) -> Message | None:
    """The answer to a question; None where the message is none, or says that there is none to be
    had."""
    import dns.exception
    import dns.message
    import dns.rcode

    if len(wire) <= FLAGS or wire[FLAGS] & (ANSWER | OPERATION) != ANSWER:
        return None
    try:
        message = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        return None
    answering = message.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
    return message if answering and asked.is_response(message) else None


def records(answer: Message) -> list[Any]:
    """The records that were asked for, at the end of all aliases; OSError with EPROTO where those
    have none."""
    import dns.exception
    import dns.message
    import dns.rcode

    assert isinstance(answer, dns.message.QueryMessage)
    if answer.rcode() == dns.rcode.NXDOMAIN:
        return []
    try:
        return list(answer.resolve_chaining().answer or [])
    except dns.exception.DNSException as trouble:
        raise OSError(errno.EPROTO, str(trouble)) from trouble
