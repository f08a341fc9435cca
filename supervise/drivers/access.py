"""Who may connect: the rules database that tcprules makes, looked up for one client.

It is opened anew for each look-up, so that a rename into its place is the whole of a reload.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable
from struct import Struct
from typing import NamedTuple

import cdbx  # type: ignore[import-untyped]

from supervise.formats import addresskey, cidr, rules
from supervise.unix import files

HEADER = Struct("<512I")  # 256 tables, each (position, slots). Source: cr.yp.to/cdb/cdb.txt
SLOT_SIZE = 8

Get = Callable[[bytes], bytes | None]


class Decision(NamedTuple):
    """What the rules say: the key that was found (None: no rule, so allow) and its instructions."""

    key: bytes | None
    deny: bool
    settings: list[rules.Setting]


NO_RULE = Decision(None, False, [])


def lookup(path: str, ip: bytes, host: bytes | None, info: bytes | None) -> Decision:
    """The first rule for this client.

    Raises OSError: ENOENT for a missing file, EISDIR for a directory, EINVAL for an empty file,
    EPROTO for a damaged one.
    """
    descriptor = files.open_read(path)
    try:
        check(descriptor)
        return search(descriptor, lambda get: keys(get, ip, host, info))
    finally:
        os.close(descriptor)


def check(descriptor: int) -> None:
    """Refuse what is no database, or one that was cut.

    Every writer of this format puts the tables one after the other at the end of the file, so a
    file that lost any of its bytes shows it here, and not only when the lost ones are looked for.
    """
    status = os.fstat(descriptor)
    if stat.S_ISDIR(status.st_mode):
        raise trouble(errno.EISDIR)
    if status.st_size == 0:
        raise trouble(errno.EINVAL)
    header = os.pread(descriptor, HEADER.size, 0)
    if len(header) < HEADER.size or not whole(HEADER.unpack(header), status.st_size):
        raise trouble(errno.EPROTO)


def whole(header: tuple[int, ...], size: int) -> bool:
    """Whether the tables adjoin, begin after the header and end with the file.

    An empty table tells where it would be, too; only a few writers give it no position.
    """
    tables = [
        (at, slots) for at, slots in zip(header[::2], header[1::2], strict=True) if at or slots
    ]
    end = tables[0][0] if tables else HEADER.size
    if end < HEADER.size:
        return False
    for at, slots in tables:
        if at != end:
            return False
        end += slots * SLOT_SIZE
    return end == size


def keys(get: Get, ip: bytes, host: bytes | None, info: bytes | None) -> Iterable[bytes]:
    """The keys to look for; of all CIDR ranges only those of lengths that the database lists."""
    lists = cidr.list_key(ip)
    return addresskey.keys(ip, host, info, cidr.listed(lists, get(lists)))


def search(descriptor: int, keys_by: Callable[[Get], Iterable[bytes]]) -> Decision:
    # Not mapped: a map of a file that somebody cuts meanwhile kills the process with SIGBUS.
    database = None
    try:
        database = cdbx.CDB(descriptor, mmap=False)
        for key in keys_by(database.get):
            packed = database.get(key)
            if packed is not None:
                return Decision(key, *rules.unpack(packed))
        return NO_RULE
    except MemoryError:
        raise trouble(errno.ENOMEM) from None
    except (OSError, ValueError, OverflowError) as error:
        # The library reports a pointer to nowhere as an OSError without a number.
        raise trouble(getattr(error, "errno", None) or errno.EPROTO) from error
    finally:
        if database is not None:
            database.close()


def trouble(number: int) -> OSError:
    return OSError(number, os.strerror(number))
