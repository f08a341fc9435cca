"""What an svscan hands over to the one that it becomes: its state, as lines of text.

The first line is «svscan handover VERSION», the last «end » and the CRC-32 of all before it, in
hexadecimal. Between them one line is one record: its word, then its fields in order, separated by
one space. A number is decimal, and what is absent «-»; yes and no are 1 and 0; bytes are
hexadecimal. A service is known by the device and inode of its directory, and a supervise by its
role besides, main or log. Descriptors are numbers above 2 that stay open, each of them once.

    limit     the soft and the hard limit on open files that services get; -1 is none. Always there
    title     what ps shows, and the name of the process
    pidfile   the descriptor that has the lock; its path
    name      device, inode; a name in the scan directory that led there
    service   device, inode; whether active, draining, piped, joined, owed something; the read end
              and the write end of its pipe
    slot      device, inode, role; whether orphaned; the monotonic nanosecond before which no other
              supervise is started; how many have in a row been unable to begin
    child     device, inode, role, pid; our end of its socket; its name
    adopted   device, inode, role, pid; its pidfd, the claim on its record, its control FIFO; its
              name
    orphan    device, inode, role; the pid of what a killed supervise has left, 0 for nobody; its
              pidfd; whether we shall collect it; its raw wait status, where it has been
    held      device, inode, role; ok and control of a supervise that makes way for the next
    stray     the pid of a child that a supervise has adopted, of whose end it must be told; device,
              inode, role

A later version that says more has another number, and must understand the ones before: what it
starts from is the version that it replaces. What is not understood to the last byte is refused,
since the old version then simply goes on.
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

VERSION = 1
LONGEST_NUMBER = 20  # digits: that of an inode has 64 bits

Role = Literal["main", "log"]
OwnerKey = tuple[int, int, Role]


@dataclass(frozen=True)
class Limit:
    soft: int
    hard: int


@dataclass(frozen=True)
class Title:
    shown: bytes
    name: bytes


@dataclass(frozen=True)
class PidFile:
    descriptor: int
    path: bytes


@dataclass(frozen=True)
class Name:
    device: int
    inode: int
    name: bytes


@dataclass(frozen=True)
class Service:
    device: int
    inode: int
    active: bool
    draining: bool
    piped: bool
    joined: bool
    owed: bool  # something could not be given
    reading: int | None
    writing: int | None


@dataclass(frozen=True)
class Slot:
    device: int
    inode: int
    role: Role
    orphaned: bool
    not_before: int
    troubles: int


@dataclass(frozen=True)
class Child:
    device: int
    inode: int
    role: Role
    pid: int
    orders: int
    name: bytes


@dataclass(frozen=True)
class Adopted:
    device: int
    inode: int
    role: Role
    pid: int
    pidfd: int
    claim: int
    control: int
    name: bytes


@dataclass(frozen=True)
class Orphan:
    device: int
    inode: int
    role: Role
    pid: int
    pidfd: int | None
    expected: bool
    status: int | None


@dataclass(frozen=True)
class Held:
    device: int
    inode: int
    role: Role
    ok: int
    control: int


@dataclass(frozen=True)
class Stray:
    pid: int
    device: int
    inode: int
    role: Role


Record = Limit | Title | PidFile | Name | Service | Slot | Child | Adopted | Orphan | Held | Stray
Field = Callable[[bytes], object]


def natural(word: bytes) -> int:
    if len(word) > LONGEST_NUMBER or not word.isdigit():
        raise ValueError(word)
    return int(word)


def c_int(word: bytes, least: int = 0) -> int:
    """What a pid, a descriptor and a wait status are."""
    number = natural(word)
    if not least <= number < 2**31:
        raise ValueError(number)
    return number


def positive(word: bytes) -> int:
    return c_int(word, 1)


def descriptor(word: bytes) -> int:
    return c_int(word, 3)


def limit(word: bytes) -> int:
    return -1 if word == b"-1" else natural(word)


def truth(word: bytes) -> bool:
    return {b"0": False, b"1": True}[word]


def role(word: bytes) -> Role:
    roles: dict[bytes, Role] = {b"main": "main", b"log": "log"}
    return roles[word]


def text(word: bytes) -> bytes:
    found = bytes.fromhex(word.decode("ascii"))
    if found.hex().encode() != word:
        raise ValueError(word)
    return found


def maybe(field: Field) -> Field:
    return lambda word: None if word == b"-" else field(word)


OWNER = (natural, natural, role)
RECORDS: dict[bytes, tuple[type[Record], tuple[Field, ...]]] = {
    b"limit": (Limit, (limit, limit)),
    b"title": (Title, (text, text)),
    b"pidfile": (PidFile, (descriptor, text)),
    b"name": (Name, (natural, natural, text)),
    b"service": (
        Service,
        (natural, natural, *(truth,) * 5, maybe(descriptor), maybe(descriptor)),
    ),
    b"slot": (Slot, (*OWNER, truth, natural, natural)),
    b"child": (Child, (*OWNER, positive, descriptor, text)),
    b"adopted": (Adopted, (*OWNER, positive, descriptor, descriptor, descriptor, text)),
    b"orphan": (Orphan, (*OWNER, c_int, maybe(descriptor), truth, maybe(c_int))),
    b"held": (Held, (*OWNER, descriptor, descriptor)),
    b"stray": (Stray, (positive, *OWNER)),
}
WORDS = {kind: word for word, (kind, _) in RECORDS.items()}
DESCRIPTORS = ("descriptor", "reading", "writing", "orders", "pidfd", "claim", "control", "ok")


def pack(records: Iterable[Record]) -> bytes:
    lines = [b"svscan handover %d" % VERSION, *map(pack_record, records), b""]
    body = b"\n".join(lines)
    return body + b"end %08x\n" % crc32(body)


def pack_record(record: Record) -> bytes:
    fields = [getattr(record, name) for name in record.__match_args__]
    return b" ".join([WORDS[type(record)], *map(pack_field, fields)])


def pack_field(value: bytes | str | int | None) -> bytes:
    if isinstance(value, bytes):
        return value.hex().encode()
    if isinstance(value, str):
        return value.encode()
    return b"-" if value is None else b"%d" % value


def unpack(state: bytes) -> list[Record] | None:
    """None for what is no such state, or one of another version."""
    body, _, checksum = state.rpartition(b"end ")
    first, *lines = body.removesuffix(b"\n").split(b"\n")
    if checksum != b"%08x\n" % crc32(body) or first != b"svscan handover %d" % VERSION:
        return None
    try:
        records = [unpack_record(line) for line in lines]
    except (KeyError, ValueError):
        return None
    return records if is_consistent(records) else None


def unpack_record(line: bytes) -> Record:
    first, *words = line.split(b" ")
    kind, fields = RECORDS[first]
    make: Callable[..., Record] = kind
    return make(*(field(word) for field, word in zip(fields, words, strict=True)))


def is_consistent(records: Sequence[Record]) -> bool:
    """Whether nothing is there twice, and everything belongs to something."""
    services = [(each.device, each.inode) for each in records if isinstance(each, Service)]
    slots = [owner(each) for each in records if isinstance(each, Slot)]
    running = [each for each in records if isinstance(each, Child | Adopted)]
    owners = [owner(each) for each in running]
    orphans = [owner(each) for each in records if isinstance(each, Orphan)]
    held = [owner(each) for each in records if isinstance(each, Held)]
    pids = [each.pid for each in records if isinstance(each, Child | Stray)]
    return (
        distinct(services, slots, owners, orphans, held, pids, descriptors(records))
        and {slot[:2] for slot in slots} == set(services)
        and {*owners, *orphans, *held} <= set(slots)
        and all((*service, "main") in slots for service in services)
        and [type(each) for each in records].count(Limit) == 1
        and all(sum(isinstance(each, kind) for each in records) < 2 for kind in (Title, PidFile))
    )


def owner(record: Slot | Child | Adopted | Orphan | Held | Stray) -> OwnerKey:
    return record.device, record.inode, record.role


def distinct(*lists: Sequence[object]) -> bool:
    return all(len(set(values)) == len(values) for values in lists)


def descriptors(records: Iterable[Record]) -> list[int]:
    """All that must stay open."""
    found = [getattr(each, name, None) for each in records for name in DESCRIPTORS]
    return [number for number in found if number is not None]


def understood(state: bytes) -> bytes:
    """What a new version says in the end that has shown that it comes up from a state."""
    return b"svscan: understood %08x" % crc32(state)
