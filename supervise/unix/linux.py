"""The few calls that the standard library lacks: inotify, prctl and an execve that passes on
everything. Nothing else binds C."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping, Sequence

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h

libc = ctypes.CDLL(None, use_errno=True)


def checked(answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer


def inotify_init() -> int:
    """A new inotify descriptor, close-on-exec and non-blocking."""
    return checked(libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))


def inotify_add_watch(descriptor: int, path: str, mask: int) -> int:
    """Watch a path; returns the number that its events carry."""
    return checked(libc.inotify_add_watch(descriptor, os.fsencode(path), ctypes.c_uint32(mask)))


def inotify_rm_watch(descriptor: int, watch: int) -> None:
    checked(libc.inotify_rm_watch(descriptor, watch))


def become_subreaper() -> None:
    """Have orphaned descendants handed to this process instead of init."""
    checked(libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))


def execve(path: bytes, argv: Sequence[bytes], variables: Mapping[bytes, bytes]) -> None:
    """Become a program; its name may be empty, and that of a variable too."""
    entries = [name + b"=" + value for name, value in variables.items()]
    checked(libc.execve(path, array(argv), array(entries)))


def array(words: Sequence[bytes]) -> ctypes.Array[ctypes.c_char_p]:
    """As C wants it: a null pointer at the end."""
    return (ctypes.c_char_p * (len(words) + 1))(*words)
