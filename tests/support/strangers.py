"""What strangers write, and who reads it: one row for each parser of the package.

A row says what valid input is made of, from which cases are built, spoilt and grown; what the
parser may raise; and how much of its input it is ever given, where its caller limits that.
"""

from __future__ import annotations

import re
from binascii import crc32
from collections.abc import Callable, Iterator
from typing import NamedTuple

from hypothesis import strategies as st

from supervise.formats import (
    address,
    addresskey,
    adoption,
    blocklist,
    cidr,
    connlimits,
    connrow,
    controls,
    crlf,
    domain,
    envelope,
    envfile,
    handover,
    ident,
    inotify,
    keyorders,
    localtime,
    logscript,
    networks,
    number,
    pattern,
    proxyheader,
    qualify,
    queueexit,
    received,
    resolvconf,
    rules,
    runscript,
    smtp,
    spool,
    status,
    syslog,
    tai64,
    tcplog,
    timeouts,
    tlsfacts,
    transcript,
)
from tests.support import generators

ANY = 2**62
NAME = 1020  # bytes of a name from the DNS, of which each of 255 may be shown by four. RFC 1035
WRITTEN = 4096  # bytes that the operator himself has written, of which there is no limit


class Parser(NamedTuple):
    """What is to be known of a parser."""

    parse: Callable[[bytes], object]
    tokens: list[bytes]
    raises: tuple[type[Exception], ...] = ()
    longest: int = ANY  # bytes that its caller gives it at most
    kept: int = 400  # bytes of memory for each byte of input

    @property
    def inputs(self) -> st.SearchStrategy[bytes]:
        return generators.texts(self.tokens).map(lambda text: text[: self.longest])

    @property
    def grown(self) -> st.SearchStrategy[Callable[[int], bytes]]:
        return grown(self.tokens)


def grown(tokens: list[bytes]) -> st.SearchStrategy[Callable[[int], bytes]]:
    """Inputs of one shape and any size: a piece again and again between two others."""
    affix = st.lists(st.sampled_from(tokens), max_size=2).map(b"".join)
    piece = st.lists(st.sampled_from(tokens), min_size=1, max_size=3).map(b"".join)
    return st.builds(grow, affix, piece, affix)


def grow(head: bytes, piece: bytes, end: bytes) -> Callable[[int], bytes]:
    def of_size(size: int) -> bytes:
        room = max(0, size - len(head) - len(end))
        return head + generators.repeated(piece or b"x", room, b"") + end

    return of_size


def texts(parse: Callable[[str], object]) -> Callable[[bytes], object]:
    """A parser of arguments, which are text: any byte may be in it but NUL."""
    return lambda wire: parse(generators.without_nul(wire))


# Readers that want more than the bytes.


def adopted(body: bytes) -> object:
    """A checksum keeps out what was damaged, not what somebody made; so it is right here."""
    body = (adoption.MAGIC + body).ljust(adoption.BODY.size, b"\0")[: adoption.BODY.size]
    return adoption.unpack(body + adoption.SUM.pack(crc32(body)))


def spooled(body: bytes) -> object:
    """The same, with the length of what follows."""
    fixed = spool.HEAD.size - 4
    head, line = (spool.MAGIC + body).ljust(fixed, b"\0")[:fixed], body[fixed:][: spool.LONGEST]
    record = head + bytes(2) + len(line).to_bytes(2, "big") + line
    return spool.latest(record + spool.SUM.pack(crc32(record)))


def handed_over(lines: bytes) -> object:
    """The same."""
    body = b"svscan handover %d\n" % handover.VERSION + lines
    return handover.unpack(body + b"end %08x\n" % crc32(body))


def described(record: bytes) -> str:
    return status.describe(status.unpack(record), tai64.Tai64n(tai64.EPOCH, 0), True)


def header(stream: bytes) -> object:
    """What a header says, read as a connection is: never more than surely belongs to it."""
    head = b""
    while more := proxyheader.missing(head):
        assert more > 0
        block = stream[len(head) :][:more]
        if not block:
            return None
        head += block
    return proxyheader.parse(head)


def row(packed: bytes) -> object:
    return connrow.unpack(packed.ljust(connrow.SIZE, b"\0")[: connrow.SIZE])


def reached(packed: bytes) -> object:
    return connrow.reached(connrow.SERVED, packed[: len(packed) // connrow.SIZE * connrow.SIZE])


def limits(value: bytes) -> object:
    return connlimits.variables(lambda name: value)


def enveloped(packed: bytes) -> list[envelope.Field]:
    return list(envelope.Reader().feed(packed))


def keys(text: bytes) -> Iterator[bytes]:
    ip, _, name = text.partition(b"=")
    return addresskey.keys(ip, name, name, range(33))


def told(text: bytes) -> object:
    """The log's line about a client, who may have chosen his name."""
    client = tcplog.Connection(text, b"127.0.0.1", 25, text, b"::1", text, 4711)
    return tcplog.decided("deny", 7, client), tcplog.connected(7, text, b"::1", 0)


def traced(text: bytes) -> object:
    peer = received.Peer(text, text, text)
    header = received.from_network(peer, text, text, 0)
    return header, received.return_path(text), received.delivered_to(text)


def encrypted(text: bytes) -> object:
    name = text.decode("latin1")
    facts = tlsfacts.Facts("TLSv1.3", "AES", 128, False, name, True, name)
    return tlsfacts.pack(tlsfacts.variables(facts)), tlsfacts.reason(name)


def selected(script: bytes) -> object:
    """A script's patterns, all tried on one line; compiled each time, whatever the library has kept
    of them."""
    re.purge()
    choices = [pattern.Choice(word[:1] == b"+", word[1:]) for word in script.split(b"\0")]
    return pattern.selection(choices).of(b"a -+[" + script[:8].replace(b"\n", b"") + b"\n")


def matched(pattern_and_line: bytes) -> bool:
    re.purge()
    return pattern.matches(pattern_and_line, pattern_and_line)


def filtered(text: bytes) -> object:
    """A stranger's text through patterns as they are written."""
    choices = [pattern.Choice(True, b"* * > 5*"), pattern.Choice(False, b"*a*b*c*dd")]
    return pattern.selection(choices).of(text + b"\n")


def alternatives(text: bytes) -> object:
    lines, _, name = text.rpartition(b"\0")
    return sum(1 for _ in qualify.alternatives(name, qualify.parse(lines)))


def translated(lines: bytes) -> bytes:
    return localtime.Translation(lambda second: (1970, 1, 1, 0, 0, 0)).of(lines)


def entry(text: bytes) -> bytes:
    return syslog.record(1, syslog.level(text), b"", b"", syslog.printable(text))


ADDRESSES = [
    b"1.2.3.4", b"255.255.255.255", b"::ffff:1.2.3.4", b"2001:db8::1", b"fe80::1%eth0", b"[", b"]",
    b"::", b":", b".", b"/", b"/8", b"0", b"1", b"f", b"256", b" ", b",",
]  # fmt: skip
NAMES = [b"a", b"A.", b"xn--", b".", b"@", b"=", b"%", b":", b" ", b"\xff", b"\n", b"\0", b"\r"]
LABELS = [b"@4000000037c219bf2ef02e94", b"@", b"4", b"f", b"F", b"\n", b" ", b"x", b"@\n"]
LINES = [b"a", b" ", b"\t", b"\n", b"#", b"\0", b"\r", b"=", b":", b"\xff", b"\\"]
RECORD = status.pack(status.Status(tai64.Tai64n(tai64.EPOCH, 1), 7, True, status.DOWN))
PACKED = [bytes(4), b"\xff", b"\xff" * 4, b"\x7f\xf0", b"u", b"d", b"\0", b"\1", b"\x80", RECORD]
HANDED_OVER = [
    b"limit 1024 -1\n", b"service 64 11 1 0 1 0 1 5 6\n", b"slot 64 11 main 0 0 0\n", b"\n", b" ",
    b"child 64 11 main 4711 7 61\n", b"orphan 64 11 main 0 - 0 -\n", b"title ", b"6", b"\xff", b"-",
    b"name 64 11 61\n", b"99999999999999999999", b"end 00000000\n", b"svscan handover 1\n",
]  # fmt: skip
RULES = [
    b"1.2.3.4", b"1.2-9.", b"-", b".", b"0", b"9", b":", b"allow", b"deny", b',A="b"', b",", b"=",
    b"@", b"10.0.0.0/8", b"/", b"2001:db8::", b"::", b"\n", b"#", b'"', b"D\0", b"+A=b\0", b"\0",
]  # fmt: skip
SHELL = [
    b"#!/bin/sh\n", b"exec ", b"exec a ", b"2>&1", b"'", b'"', b"\\\n", b"\\", b"#", b"a", b" ",
    b"\n", b"$", b"=", b"''", b'"a"', b"\t", b";",
]  # fmt: skip
SMTP = [
    b"MAIL FROM:<", b"RCPT TO:", b"HELO ", b"@", b"<", b">", b":", b'"', b"\\", b"[127.0.0.1]",
    b"[", b"]", b".", b"1", b"a", b" ", b"\r", b"\n", b"\0", b"\xff",
]  # fmt: skip
PROXIES = [
    b"PROXY ", b"TCP4 ", b"TCP6 ", b"UNKNOWN", b"1.2.3.4 ", b"::1 ", b"25", b" ", b"\r\n", b"\n",
    b"\r", proxyheader.SIGNATURE, b"\x21\x11\0\x0c", b"\x20\0\0\0", b"\x21\x21\xff\xff", b"\0",
]  # fmt: skip
PATTERNS = [b"*", b"**", b"a", b"*a", b"-", b"+", b"\0", b"\0-", b"\0+", b" ", b"\xff", b"[", b"\\"]
ENVELOPE = [b"Fa@b\0", b"Ta@b\0", b"F", b"T", b"\0", b"x", b"x" * 900]

PARSERS: dict[str, Parser] = {
    "address.literals": Parser(address.literals, ADDRESSES),
    "address.parse": Parser(address.parse, ADDRESSES),
    "addresskey.ipv6": Parser(addresskey.ipv6, ADDRESSES, (ValueError,)),
    "addresskey.keys": Parser(lambda text: sum(1 for _ in keys(text)), [*ADDRESSES, *NAMES],
                              longest=NAME),
    "adoption.boot_id": Parser(adoption.boot_id, [b"0f", b"-", b"g", b"\xff", b" ", b"\n"]),
    "adoption.made": Parser(adopted, PACKED),
    "adoption.unpack": Parser(adoption.unpack, [*PACKED, adoption.MAGIC, adoption.NOTHING]),
    "blocklist.labels": Parser(lambda text: blocklist.labels(text, text), ADDRESSES),
    "blocklist.message": Parser(lambda text: blocklist.message(True, text), LINES),
    "cidr.canonical": Parser(cidr.canonical, ADDRESSES, (ValueError,)),
    "cidr.listed": Parser(lambda packed: cidr.listed(b"./", packed), [b"8\0", b"\0", b"9", b"x"]),
    "connlimits.line_of": Parser(connlimits.line_of, LINES, (ValueError,)),
    "connlimits.per_address": Parser(connlimits.per_address, [b"5", b":", b"\\", b"n", b"r"]),
    "connlimits.variables": Parser(limits, [b"5", b"24", b"/", b":", b"x", b"\xff", b" "]),
    "connrow.reached": Parser(reached, PACKED),
    "connrow.unpack": Parser(row, PACKED),
    "controls.entries": Parser(controls.entries, LINES),
    "controls.line": Parser(controls.line, LINES),
    "controls.names": Parser(controls.names, LINES),
    "controls.number": Parser(controls.number, [b"0", b"9", b"x", b"\xff"]),
    "crlf.add": Parser(crlf.add, [b"\r", b"\n", b"a"]),
    "domain.labels": Parser(domain.labels, [b"a", b".", b"\\", b"\\056", b"\\8", b"\n", b"\xff"]),
    "domain.text": Parser(lambda text: domain.text(tuple(text.split(b"."))), NAMES),
    "envelope.Reader": Parser(
        enveloped, ENVELOPE, (envelope.BadEnvelope, envelope.AddressTooLong)
    ),
    "envfile.change": Parser(lambda text: envfile.change(text, text), LINES),
    "handover.made": Parser(handed_over, HANDED_OVER),
    "handover.unpack": Parser(handover.unpack, HANDED_OVER),
    "ident.user": Parser(ident.user, [b"25 , 4711 ", b":", b"USERID", b"UNIX", *LINES]),
    "inotify.unpack": Parser(inotify.unpack, [*PACKED, b"\x10\0\0\0", b"name\0"]),
    "keyorders.read_failure": Parser(
        keyorders.read_failure, [b"111", b" ", b"-", b"_", b"\xff", b"x"], (ValueError,)
    ),
    "localtime.Translation": Parser(translated, LABELS),
    "logscript.parse": Parser(lambda text: logscript.parse(text.split(b"\0")), [
        b"t", b"s99999", b"n10", b"n", b"!cat", b"=a", b"e", b"-*", b"+*", b"./a", b"\0", b"9",
    ], longest=WRITTEN),
    "networks.parse": Parser(networks.parse, ADDRESSES, (ValueError,)),
    "number.leading": Parser(texts(number.leading), [b"0", b"9", b"x", b"-", b"\xd9\xa1"]),
    "number.port": Parser(texts(number.port), [b"0", b"9", b"x", b"-", b"\xd9\xa1"]),
    "pattern.expression": Parser(matched, PATTERNS,
                                 longest=WRITTEN, kept=2000),
    "pattern.filter": Parser(filtered, [*PATTERNS, b"\n", b" > 5", b"b", b"c", b"d"]),
    "pattern.selection": Parser(selected, PATTERNS, longest=WRITTEN, kept=2000),
    "proxyheader.missing": Parser(header, PROXIES, (ValueError,), proxyheader.LONGEST),
    "qualify.alternatives": Parser(alternatives, [b"*", b"?", b"=", b"-", b"a", b":", b"+", b".",
                                                  b"\n", b"\0"]),
    "qualify.parse": Parser(qualify.parse, [b"*", b"?", b"=", b"-", b"a", b":", b"+", b"\n", b" "]),
    "queueexit.refusal": Parser(lambda text: queueexit.refusal(queueexit.CUSTOM, text), LINES),
    "received.from_network": Parser(traced, NAMES),
    "resolvconf.cache_servers": Parser(resolvconf.cache_servers, ADDRESSES),
    "resolvconf.domains": Parser(resolvconf.domains, [b"domain ", b"search", b"a", *LINES]),
    "resolvconf.servers": Parser(resolvconf.servers, [b"nameserver", *ADDRESSES, b"\n"]),
    "rules.records": Parser(rules.records, RULES, (ValueError,)),
    "rules.unpack": Parser(rules.unpack, RULES),
    "runscript.parse": Parser(lambda text: runscript.parse(runscript.FIRST_LINE + text), SHELL,
                              longest=2**16),
    "smtp.address": Parser(smtp.address, SMTP),
    "smtp.command": Parser(smtp.command, SMTP),
    "smtp.domain": Parser(smtp.domain, SMTP),
    "smtp.literal": Parser(smtp.literal, SMTP),
    "spool.latest": Parser(spool.latest, [*PACKED, spool.MAGIC]),
    "spool.may_be_one": Parser(spool.may_be_one, [*PACKED, spool.MAGIC]),
    "spool.made": Parser(spooled, PACKED),
    "status.unpack": Parser(described, PACKED, (ValueError,)),
    "syslog.record": Parser(entry, [b"alert:", b"warning:", *LINES]),
    "tai64.parse": Parser(tai64.parse, LABELS, (ValueError,)),
    "tcplog.decided": Parser(told, NAMES),
    "timeouts.parse": Parser(texts(timeouts.parse), [b"2", b"+", b"58", b"x", b"\xff"]),
    "tlsfacts.unpack": Parser(tlsfacts.unpack, [b"SSL_CIPHER=", b"a", b"=", b"\0", b"\xff"]),
    "tlsfacts.variables": Parser(encrypted, NAMES),
    "transcript.records": Parser(lambda text: transcript.records(7, b"<", text), LINES),
}  # fmt: skip

# Modules that read nothing, and why.
NO_PARSERS = {"ucspi": "it names what others have read"}
