"""SMTP as qmail-smtpd speaks it: commands, addresses in their arguments, and the texts of replies.

Source of the grammar and of every text: notqmail's qmail-smtpd(8), as observed.
"""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

LINE_END = b"\r\n"
BACKSLASH, QUOTE = b'\\"'
ADDRESS_LIMIT = 899  # bytes of an address; one more is a syntax error

OK = b"250 ok\r\n"
FLUSHED = b"250 flushed\r\n"
GO_AHEAD = b"354 go ahead\r\n"
VRFY = b"252 send some mail, i'll try my best\r\n"
HELP = b"214 notqmail home page: https://notqmail.org\r\n"
UNIMPLEMENTED = b"502 unimplemented (#5.5.1)\r\n"
TLS_READY = b"220 ready for tls\r\n"
TLS_UNAVAILABLE = b"454 TLS not available (#4.3.0)\r\n"
TLS_FIRST = b"530 Must issue a STARTTLS command first (#5.7.0)\r\n"
NO_ARGUMENT = b"501 syntax error, no argument allowed (#5.5.4)\r\n"
LINE_TOO_LONG = b"500 line too long (#5.5.2)\r\n"
MAIL_FIRST = b"503 MAIL first (#5.5.1)\r\n"
RCPT_FIRST = b"503 RCPT first (#5.5.1)\r\n"
SYNTAX_ERROR = b"555 syntax error (#5.5.4)\r\n"
BAD_SENDER = b"553 sorry, your envelope sender is in my badmailfrom list (#5.7.1)\r\n"
NOT_OURS = b"553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)\r\n"
TOO_MANY_RECIPIENTS = b"452 too many recipients (#4.5.3)\r\n"
QUEUE_NOT_STARTED = b"451 qqt failure (#4.3.0)\r\n"
TOO_MANY_HOPS = b"554 too many hops, this message is looping (#5.4.6)\r\n"
TOO_BIG = b"552 sorry, that message size exceeds my databytes limit (#5.3.4)\r\n"
BARE_LINE_FEED = b"451 See https://cr.yp.to/docs/smtplf.html.\r\n"
TIMED_OUT = b"451 timeout (#4.4.2)\r\n"
OUT_OF_MEMORY = b"421 out of memory (#4.3.0)\r\n"
CONTROLS_UNREADABLE = b"421 unable to read controls (#4.3.0)\r\n"
ADDRESSES_UNKNOWN = b"421 unable to figure out my IP addresses (#4.3.0)\r\n"


class Command(NamedTuple):
    """A verb in lower case, and what follows it and its spaces."""

    verb: bytes
    argument: bytes


def command(line: bytes) -> Command:
    """Read a line without its LF: one CR is dropped, a NUL ends it, the first space ends the
    verb."""
    text = line.removesuffix(b"\r").partition(b"\0")[0]
    verb, _, argument = text.partition(b" ")
    return Command(verb.lower(), argument.lstrip(b" "))


def greeting(text: bytes) -> bytes:
    return b"220 " + text + b" ESMTP\r\n"


def hello(text: bytes) -> bytes:
    return b"250 " + text + LINE_END


def extended_hello(text: bytes) -> bytes:
    return b"250-" + text + b"\r\n250-PIPELINING\r\n250 8BITMIME\r\n"


def hello_with_tls(text: bytes) -> bytes:
    return b"250-" + text + b"\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 8BITMIME\r\n"


def goodbye(text: bytes) -> bytes:
    return b"221 " + text + LINE_END


def accepted(seconds: int, pid: int) -> bytes:
    """What a stored message is answered with: Unix time, and the pid of its queue process."""
    return b"250 ok %d qp %d\r\n" % (seconds, pid)


def address(argument: bytes) -> bytes:
    """The address in the argument of MAIL or RCPT; empty where there is none.

    The words FROM: and TO: are not looked at, nor is anything after the address.
    """
    _, bracket, rest = argument.partition(b"<")
    if bracket:
        return unquoted(without_route(rest), b">")
    _, _, rest = argument.partition(b":")
    return unquoted(without_route(rest.lstrip(b" ")), b" ")


def without_route(text: bytes) -> bytes:
    """Drop a source route, «@one,@two:»."""
    return text.partition(b":")[2] if text.startswith(b"@") else text


def unquoted(text: bytes, end: bytes) -> bytes:
    """What comes before an unquoted end, with quotes and backslashes removed."""
    found = bytearray()
    quoted = False
    rest = iter(text)
    for byte in rest:
        if byte == BACKSLASH:
            found.extend(islice(rest, 1))
        elif byte == QUOTE:
            quoted = not quoted
        elif not quoted and byte == end[0]:
            break
        else:
            found.append(byte)
    return bytes(found)


def domain(text: bytes) -> bytes | None:
    """What follows the last «@» of an address, or None without one."""
    _, at, after = text.rpartition(b"@")
    return after if at else None


def literal(text: bytes) -> bytes | None:
    """The four bytes of «[127.0.0.1]», or None where it is not that exactly."""
    if not (text.startswith(b"[") and text.endswith(b"]")):
        return None
    numbers = text[1:-1].split(b".")
    if len(numbers) != 4 or not all(number.isdigit() for number in numbers):
        return None
    values = [int(number.lstrip(b"0")[:4] or b"0") for number in numbers]
    return bytes(values) if max(values) <= 255 else None
