"""A service directory as svc, svstat and svok see it: the four files in supervise/, from the
outside.

Every method works in the current directory, as the originals do after their chdir: `inside` goes
there and back.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from supervise import errors
from supervise.drivers import clock
from supervise.errors import Failure
from supervise.formats import status
from supervise.unix import files

CONTROL = "supervise/control"
OK = "supervise/ok"
STATUS = "supervise/status"
DOWN = "down"
KILL_ALL = "kill-all"
STATUS_READ = 64  # bytes: relatives of daemontools write up to 40


def each(paths: list[str]) -> Iterator[tuple[str, OSError | None]]:
    """Go into each directory in turn; the error where that fails. Afterwards the caller is
    where it was."""
    with errors.unable_to("open current directory"):
        start = files.open_read(".")
    for path in paths:
        try:
            os.chdir(path)
        except OSError as error:
            yield path, error
        else:
            yield path, None
            with errors.unable_to("set directory"):
                os.fchdir(start)
    os.close(start)


def open_control() -> int:
    """The control FIFO, for writing; ENXIO when no supervise reads it."""
    return files.open_write(CONTROL)


def write_control(control: int, letters: bytes) -> None:
    """Write the letters in one piece and close."""
    try:
        os.set_blocking(control, True)
        if letters:
            os.write(control, letters)
    finally:
        os.close(control)


def supervised() -> bool:
    """Whether a supervise holds supervise/ok open."""
    try:
        os.close(files.open_write(OK))
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.ENOENT):
            return False
        raise
    return True


def normally_up() -> bool:
    """Whether there is no file called down."""
    return not files.exists(DOWN)


def kills_all() -> bool:
    """Whether a file asks for all that descends from the service to be killed with it. Where it
    cannot be seen nobody is killed on the strength of it."""
    try:
        return files.exists(KILL_ALL)
    except OSError:
        return False


def describe() -> str:
    """What svstat says of the directory: its state, or what keeps us from knowing."""
    try:
        return read_and_describe()
    except Failure as failure:
        return failure.text


def read_and_describe() -> str:
    with errors.unable_to("stat down"):
        up = normally_up()
    try:
        os.close(files.open_write(OK))
    except OSError as error:
        if error.errno == errno.ENXIO:
            return "supervise not running"
        return f"unable to open {OK}: {errors.reason(error)}"
    record = read_status()
    if len(record) < status.SIZE:
        return f"unable to read {STATUS}: bad format"
    return status.describe(status.unpack(record), clock.now().tai, up)


def read_status() -> bytes:
    with errors.unable_to(f"open {STATUS}"):
        descriptor = files.open_read(STATUS)
    try:
        with errors.unable_to(f"read {STATUS}"):
            return os.read(descriptor, STATUS_READ)
    finally:
        os.close(descriptor)
