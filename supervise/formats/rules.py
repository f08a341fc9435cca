"""The rules language of tcprules: lines to records, records to instructions, and the order of keys.

A line is ADDRESS:allow or ADDRESS:deny, then any number of ,NAME=qVALUEq with any byte as the
quote. It becomes records (key, instructions) of a constant database: the key is the address, the
instructions are NUL-terminated items, «D» to deny and «+NAME=VALUE» to set. Source:
cr.yp.to/ucspi-tcp/tcprules.html. A range of numbers becomes one record per number. An address with
a slash is a CIDR range: as a key it is what the original would make of it, and never find.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from supervise.formats import addresskey, cidr, number

HIGHEST = 255  # the last number a range may reach; more is cut
INSTRUCTION = re.compile(rb":(?=allow|deny)")
DENY, SET = b"D", b"+"
BLANKS = b"\n \t"  # not CR: a file with CR LF must be refused, as ever

Record = tuple[bytes, bytes]
Setting = tuple[bytes, bytes]


class Instructions(NamedTuple):
    """What the instructions of a record say: refused or not, and what to set on the way."""

    deny: bool
    settings: list[Setting]


def says_nothing(line: bytes) -> bool:
    """A comment or a blank line."""
    return line.startswith(b"#") or not line.rstrip(BLANKS)


def records(line: bytes) -> list[Record]:
    """The records of a line, of one without a colon none; ValueError where it is no rule."""
    line = line.rstrip(BLANKS)
    if b":" not in line:
        return []
    address, instructions = split(line)
    packed = pack(instructions)
    return [(spell(key), packed) for key in expand(address)]


def with_lists(all_records: Iterable[Record]) -> Iterator[Record]:
    """The records of all lines, then those by which the CIDR ranges among them are found."""
    ranges = set()
    for key, packed in all_records:
        if is_range(key):
            ranges.add(key)
        yield key, packed
    yield from cidr.lists(ranges)


def is_range(key: bytes) -> bool:
    """Whether a key claims to be a CIDR range; the names of hosts and users may have a slash."""
    return b"/" in key and not speaks_of_names(key)


def spell(key: bytes) -> bytes:
    return cidr.canonical(key) if is_range(key) else key


def split(line: bytes) -> tuple[bytes, Instructions]:
    """Part a line at the colon between address and instruction, and read the instruction.

    That is the first colon, always, where this gives a rule. Only a line that would be no rule so
    may have a whole IPv6 address or range before a later one.
    """
    address, _, text = line.partition(b":")
    try:
        return address, read(text)
    except ValueError:
        later = INSTRUCTION.search(line, len(address) + 1)
        if later is None:
            raise
        address = line[: later.start()]
        ipv6 = cidr.canonical if b"/" in address else addresskey.ipv6
        return ipv6(address), read(line[later.end() :])


def read(text: bytes) -> Instructions:
    """The instruction after the colon: «deny» or «allow», then settings."""
    for word, deny in ((b"deny", True), (b"allow", False)):
        if text.startswith(word):
            return Instructions(deny, list(read_settings(text[len(word) :])))
    raise ValueError(text)


def read_settings(text: bytes) -> Iterator[Setting]:
    """Each ,NAME=qVALUEq in turn; the name may hold anything but «=», the value all but its q."""
    while text:
        name, equals, quoted = text[1:].partition(b"=")
        if text[:1] != b"," or not equals or not quoted:
            raise ValueError(text)
        value, closed, text = quoted[1:].partition(quoted[:1])
        if not closed:
            raise ValueError(quoted)
        yield name, value


def pack(instructions: Instructions) -> bytes:
    items = [DENY] if instructions.deny else []
    items += [SET + name + b"=" + value for name, value in instructions.settings]
    return b"".join(item + b"\0" for item in items)


def unpack(packed: bytes) -> Instructions:
    """Read the instructions of a record; what stands after a «D» is not for us."""
    settings: list[Setting] = []
    for item in packed.split(b"\0")[:-1]:
        if item[:1] == DENY:
            return Instructions(True, settings)
        if item[:1] == SET and b"=" in item:
            name, _, value = item[1:].partition(b"=")
            settings.append((name, value))
    return Instructions(False, settings)


def expand(address: bytes) -> Iterator[bytes]:
    """The keys of an address: itself, or one for every number of its first range."""
    if b"-" not in address or speaks_of_names(address):
        yield address
        return
    before, _, after = address.partition(b"-")
    head, dot, low = before.rpartition(b".")
    high, tail = split_before_dot(after)
    for each in range(bound(low), min(bound(high), HIGHEST) + 1):
        yield head + dot + b"%d" % each + tail


def speaks_of_names(address: bytes) -> bool:
    return b"=" in address or b"@" in address


def split_before_dot(text: bytes) -> tuple[bytes, bytes]:
    at = text.find(b".")
    return (text, b"") if at < 0 else (text[:at], text[at:])


def bound(digits: bytes) -> int:
    """A bound of a range; an empty one is 0, and a large one wraps around, as in the originals."""
    if digits and not digits.isdigit():
        raise ValueError(digits)
    return number.leading(digits.decode())
