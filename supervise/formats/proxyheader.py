"""The header of the PROXY protocol, versions 1 and 2: whom a proxy speaks for, told before
anything else. Source: haproxy.org/download/2.9/doc/proxy-protocol.txt.

What follows the header is the client's, and whoever reads the connection next shall find it there.
So a reader asks before each read how many bytes surely belong to the header.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from supervise.formats import address, number

WORD, CRLF = b"PROXY ", b"\r\n"
SHORTEST_LINE = len(b"PROXY UNKNOWN\r\n")
LONGEST_LINE = 107  # CR LF included
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
START = Struct(">12sBBH")  # signature, version and command, family, length of what follows
LONGEST = START.size + 2**16 - 1

LOCAL, PROXY = 0x20, 0x21  # version 2 and the two commands
ENDS = {
    0x11: Struct(">4s4sHH"),  # TCP over IPv4: source and destination, and their ports
    0x21: Struct(">16s16sHH"),  # TCP over IPv6
}
OTHERS = (0x00, 0x12, 0x22, 0x31, 0x32)  # unspecified, UDP, UNIX: to be taken as unspecified


class Ends(NamedTuple):
    """The two ends of the connection between the client and the proxy."""

    remote_ip: bytes
    remote_port: int
    local_ip: bytes
    local_port: int


def missing(head: bytes) -> int:
    """How many more bytes surely belong to the header that begins so; 0 where it is whole.

    ValueError where no header begins so.
    """
    if not head:
        return SHORTEST_LINE
    if WORD.startswith(head[: len(WORD)]):
        return missing_of_line(head)
    if SIGNATURE.startswith(head[: len(SIGNATURE)]):
        return missing_of_block(head)
    raise ValueError("neither version 1 nor 2")


def missing_of_line(head: bytes) -> int:
    line, newline, rest = head.partition(b"\n")
    if newline:
        if rest or not line.endswith(b"\r"):
            raise ValueError("no CR LF at the end")
        return 0
    more = max(SHORTEST_LINE - len(head), 1 if line.endswith(b"\r") else len(CRLF))
    if len(head) + more > LONGEST_LINE:
        raise ValueError("too long")
    return more


def missing_of_block(head: bytes) -> int:
    if len(head) < START.size:
        return START.size - len(head)
    command, family, length = start(head)
    if command not in (LOCAL, PROXY):
        raise ValueError("unknown version or command")
    if command == PROXY and family in ENDS and length < ENDS[family].size:
        raise ValueError("too short for two ends")
    if command == PROXY and family not in ENDS and family not in OTHERS:
        raise ValueError("unknown family")
    return START.size + length - len(head)


def start(block: bytes) -> tuple[int, int, int]:
    """The command, the family, and how many bytes follow."""
    _, command, family, length = START.unpack_from(block)
    return command, family, length


def parse(header: bytes) -> Ends | None:
    """The ends that a whole header tells; None where it tells none, and the connection is to be
    taken as it is. ValueError where it is damaged."""
    return parse_line(header) if header.startswith(WORD) else parse_block(header)


def parse_line(header: bytes) -> Ends | None:
    family, *words = header.removesuffix(CRLF).split(b" ")[1:]
    if family == b"UNKNOWN":
        return None
    parse_address = {b"TCP4": address.parse_ipv4, b"TCP6": address.parse_ipv6}.get(family)
    if parse_address is None or len(words) != 4:
        raise ValueError("neither TCP4 nor TCP6 with two ends")
    remote, local = parse_address(words[0]), parse_address(words[1])
    if remote is None or local is None:
        raise ValueError("no address")
    return Ends(remote, port(words[2]), local, port(words[3]))


def port(word: bytes) -> int:
    value = number.leading(word.decode("latin1"))
    if b"%d" % value != word or value >= 2**16:
        raise ValueError("no port")
    return value


def parse_block(header: bytes) -> Ends | None:
    """What comes after the ends, tagged values, is of no use to us."""
    command, family, _ = start(header)
    if command == LOCAL or family not in ENDS:
        return None
    remote, local, remote_port, local_port = ENDS[family].unpack_from(header, START.size)
    return Ends(remote, remote_port, local, local_port)
