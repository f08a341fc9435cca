from __future__ import annotations

import errno
import os

import pytest

from supervise import errors
from tests.support.forks import in_a_fork

# The originals' own table; whatever it lacks is «unknown error».
REFERENCE = """
0 no error | EPERM permission denied | ENOENT file does not exist | ESRCH no such process
EINTR interrupted system call | EIO input/output error | ENXIO device not configured
E2BIG argument list too long | ENOEXEC exec format error | EBADF file descriptor not open
ECHILD no child processes | EAGAIN temporary failure | EWOULDBLOCK temporary failure
ENOMEM out of memory | EACCES access denied | EFAULT bad address | ENOTBLK not a block device
EBUSY device busy | EEXIST file already exists | EXDEV cross-device link
ENODEV device does not support operation | ENOTDIR not a directory | EISDIR is a directory
EINVAL invalid argument | ENFILE system cannot open more files
EMFILE process cannot open more files | ENOTTY not a tty | ETXTBSY text busy | EFBIG file too big
ENOSPC out of disk space | ESPIPE unseekable descriptor | EROFS read-only file system
EMLINK too many links | EPIPE broken pipe | EDOM input out of range | ERANGE output out of range
EDEADLK operation would cause deadlock | ENAMETOOLONG file name too long
ENOLCK no locks available | ENOSYS system call not available | EDQUOT disk quota exceeded
ESTALE stale NFS file handle | EALREADY operation already in progress
EINPROGRESS operation in progress | ENOTEMPTY directory not empty | ELOOP symbolic link loop
ENOMSG no message of desired type | EIDRM identifier removed | ENOSTR not a stream device
ETIME timer expired | ENOSR out of stream resources | ENONET machine not on network
EREMOTE too many levels of remote in path | ENOLINK link severed | EADV advertise error
ESRMNT srmount error | ECOMM communication error | EPROTO protocol error
EMULTIHOP multihop attempted | EBADMSG bad message type | EREMCHG remote address changed
EUSERS too many users | ENOTSOCK not a socket | EDESTADDRREQ destination address required
EMSGSIZE message too long | EPROTOTYPE incorrect protocol type | ENOPROTOOPT protocol not available
EPROTONOSUPPORT protocol not supported | ESOCKTNOSUPPORT socket type not supported
EOPNOTSUPP operation not supported | EPFNOSUPPORT protocol family not supported
EAFNOSUPPORT address family not supported | EADDRINUSE address already used
EADDRNOTAVAIL address not available | ENETDOWN network down | ENETUNREACH network unreachable
ENETRESET network reset | ECONNABORTED connection aborted | ECONNRESET connection reset
ENOBUFS out of buffer space | EISCONN already connected | ENOTCONN not connected
ESHUTDOWN socket shut down | ETOOMANYREFS too many references | ETIMEDOUT timed out
ECONNREFUSED connection refused | EHOSTDOWN host down | EHOSTUNREACH host unreachable
"""
ROWS = [row.strip().split(" ", 1) for row in REFERENCE.replace("\n", "|").split("|") if row.strip()]
TEXTS = {0 if name == "0" else getattr(errno, name): text for name, text in ROWS}


def test_the_table_is_the_originals_table():
    assert TEXTS == errors.REASONS


@pytest.mark.parametrize("number", [0, *errno.errorcode])
def test_every_error_number_has_the_originals_words(number):
    assert errors.reason(OSError(number, "")) == TEXTS.get(number, "unknown error")


def test_an_error_without_a_number_is_unknown():
    assert errors.reason(OSError("made by Python itself")) == "unknown error"


def test_trouble_is_unable_to_verb_object_and_the_reason():
    with pytest.raises(errors.Failure) as trouble, errors.unable_to("open /nowhere/x"):
        os.stat("/nowhere/x")
    assert trouble.value.text == "unable to open /nowhere/x: file does not exist"
    assert trouble.value.code == errors.TEMPORARY == 111
    assert isinstance(trouble.value.__cause__, FileNotFoundError)


def test_only_an_oserror_is_trouble():
    with pytest.raises(ValueError, match="plain"), errors.unable_to("count"):
        raise ValueError("plain")
    with pytest.raises(errors.Mistake, match="as it was"), errors.unable_to("count"):
        raise errors.Mistake("as it was")


def test_nothing_happens_without_trouble():
    with errors.unable_to("do nothing"):
        done = True
    assert done


def test_the_codes():
    assert errors.Failure("x").code == 111
    assert errors.Failure("x", 1).code == 1
    assert errors.Mistake("x").code == errors.PERMANENT == 100
    assert (errors.Usage().text, errors.Usage().code) == ("", 100)
    assert errors.Usage("line", 111).code == 111


@pytest.mark.parametrize("kind", [errors.Mistake, errors.Usage])
def test_everything_that_ends_a_program_is_a_failure(kind):
    assert issubclass(kind, errors.Failure)


def test_a_warning_is_one_line_in_one_write():
    def say() -> list[bytes]:
        reading, writing = os.pipe2(os.O_DIRECT)  # a pipe that keeps writes apart
        os.dup2(writing, 2)
        errors.warn("svc", "unable to chdir to caf\udce9: file does not exist")
        errors.diagnose("x" * 3000)
        return [os.read(reading, 4096), os.read(reading, 4096)]

    assert in_a_fork(say) == [
        b"svc: warning: unable to chdir to caf\xe9: file does not exist\n",
        b"x" * 3000 + b"\n",
    ]


def test_a_line_that_nobody_can_hear_is_no_trouble():
    def say() -> str:
        os.close(2)
        errors.diagnose("x")
        os.open("/dev/full", os.O_WRONLY)
        errors.diagnose("x")
        return "alive"

    assert in_a_fork(say) == "alive"


def test_where_nobody_reads_it_is_lost_by_what_must_not_wait():
    def say() -> list[bytes]:
        errors.waits = False
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        os.write(writing, bytes(65536))
        os.set_blocking(writing, True)
        os.dup2(writing, 2)
        errors.diagnose("lost")
        os.read(reading, 65536)
        errors.diagnose("x")
        return [os.read(reading, 65536)]

    assert in_a_fork(say) == [b"x\n"]
