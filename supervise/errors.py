"""The originals' error grammar (unable to VERB OBJECT: REASON), error texts and exit codes."""

from __future__ import annotations

import errno
import os

TYPE_CHECKING = False  # as in registry
if TYPE_CHECKING:
    from types import TracebackType

PERMANENT = 100  # a mistake: doing the same again cannot help
TEMPORARY = 111  # trouble: it may pass

# daemontools and ucspi-tcp carry this table instead of using strerror; users grep for its words.
REASONS: dict[int, str] = {
    0: "no error",
    errno.EPERM: "permission denied",
    errno.ENOENT: "file does not exist",
    errno.ESRCH: "no such process",
    errno.EINTR: "interrupted system call",
    errno.EIO: "input/output error",
    errno.ENXIO: "device not configured",
    errno.E2BIG: "argument list too long",
    errno.ENOEXEC: "exec format error",
    errno.EBADF: "file descriptor not open",
    errno.ECHILD: "no child processes",
    errno.EAGAIN: "temporary failure",
    errno.ENOMEM: "out of memory",
    errno.EACCES: "access denied",
    errno.EFAULT: "bad address",
    errno.ENOTBLK: "not a block device",
    errno.EBUSY: "device busy",
    errno.EEXIST: "file already exists",
    errno.EXDEV: "cross-device link",
    errno.ENODEV: "device does not support operation",
    errno.ENOTDIR: "not a directory",
    errno.EISDIR: "is a directory",
    errno.EINVAL: "invalid argument",
    errno.ENFILE: "system cannot open more files",
    errno.EMFILE: "process cannot open more files",
    errno.ENOTTY: "not a tty",
    errno.ETXTBSY: "text busy",
    errno.EFBIG: "file too big",
    errno.ENOSPC: "out of disk space",
    errno.ESPIPE: "unseekable descriptor",
    errno.EROFS: "read-only file system",
    errno.EMLINK: "too many links",
    errno.EPIPE: "broken pipe",
    errno.EDOM: "input out of range",
    errno.ERANGE: "output out of range",
    errno.EDEADLK: "operation would cause deadlock",
    errno.ENAMETOOLONG: "file name too long",
    errno.ENOLCK: "no locks available",
    errno.ENOSYS: "system call not available",
    errno.ENOTEMPTY: "directory not empty",
    errno.ELOOP: "symbolic link loop",
    errno.ENOMSG: "no message of desired type",
    errno.EIDRM: "identifier removed",
    errno.ENOSTR: "not a stream device",
    errno.ETIME: "timer expired",
    errno.ENOSR: "out of stream resources",
    errno.ENONET: "machine not on network",
    errno.EREMOTE: "too many levels of remote in path",
    errno.ENOLINK: "link severed",
    errno.EADV: "advertise error",
    errno.ESRMNT: "srmount error",
    errno.ECOMM: "communication error",
    errno.EPROTO: "protocol error",
    errno.EMULTIHOP: "multihop attempted",
    errno.EBADMSG: "bad message type",
    errno.EREMCHG: "remote address changed",
    errno.EUSERS: "too many users",
    errno.ENOTSOCK: "not a socket",
    errno.EDESTADDRREQ: "destination address required",
    errno.EMSGSIZE: "message too long",
    errno.EPROTOTYPE: "incorrect protocol type",
    errno.ENOPROTOOPT: "protocol not available",
    errno.EPROTONOSUPPORT: "protocol not supported",
    errno.ESOCKTNOSUPPORT: "socket type not supported",
    errno.EOPNOTSUPP: "operation not supported",
    errno.EPFNOSUPPORT: "protocol family not supported",
    errno.EAFNOSUPPORT: "address family not supported",
    errno.EADDRINUSE: "address already used",
    errno.EADDRNOTAVAIL: "address not available",
    errno.ENETDOWN: "network down",
    errno.ENETUNREACH: "network unreachable",
    errno.ENETRESET: "network reset",
    errno.ECONNABORTED: "connection aborted",
    errno.ECONNRESET: "connection reset",
    errno.ENOBUFS: "out of buffer space",
    errno.EISCONN: "already connected",
    errno.ENOTCONN: "not connected",
    errno.ESHUTDOWN: "socket shut down",
    errno.ETOOMANYREFS: "too many references",
    errno.ETIMEDOUT: "timed out",
    errno.ECONNREFUSED: "connection refused",
    errno.EHOSTDOWN: "host down",
    errno.EHOSTUNREACH: "host unreachable",
    errno.EALREADY: "operation already in progress",
    errno.EINPROGRESS: "operation in progress",
    errno.EDQUOT: "disk quota exceeded",
    errno.ESTALE: "stale NFS file handle",
}


class Failure(Exception):
    """What ends a program: one line for the user and an exit code."""

    def __init__(self, text: str, code: int = TEMPORARY) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class Mistake(Failure):
    """Something that will not be cured by trying again: exit 100."""

    def __init__(self, text: str) -> None:
        super().__init__(text, PERMANENT)


class Usage(Failure):
    """Wrong arguments; the text is the option parser's line, or empty."""

    def __init__(self, text: str = "", code: int = PERMANENT) -> None:
        super().__init__(text, code)


class on_trouble:
    """A block in which an OSError becomes another exception. (contextlib is an import that a
    chain loader cannot afford.)"""

    def instead_of(self, error: OSError) -> Exception:
        """What is raised in its place."""
        return error

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if isinstance(error, OSError):
            raise self.instead_of(error) from error


class unable_to(on_trouble):
    """Turn an OSError inside the block into «unable to VERB OBJECT: REASON», exit 111."""

    def __init__(self, what: str) -> None:
        self.what = what

    def instead_of(self, error: OSError) -> Exception:
        return Failure(f"unable to {self.what}: {reason(error)}")


def reason(error: OSError) -> str:
    """The originals' words for an error number."""
    number = -1 if error.errno is None else error.errno  # Python has some that came from no call
    return REASONS.get(number, "unknown error")


waits = True  # for a reader of descriptor 2 that is slow; what must never stop does not


def diagnose(line: str) -> None:
    """Write one line to descriptor 2; trouble there has nowhere to be told and is ignored."""
    if not waits and not has_room(2):
        return
    try:
        os.write(2, os.fsencode(line) + b"\n")
    except OSError:
        pass


def has_room(descriptor: int) -> bool:
    """Whether a line can be written there, or fails, at once."""
    import select  # not loaded by chain loaders, which wait

    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(0))


def warn(program: str, text: str) -> None:
    """Write «PROGRAM: warning: TEXT»."""
    diagnose(f"{program}: warning: {text}")
