"""Run a function in mount and network namespaces of its own: /etc and /var as they are, but
ours to change."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1

libc = ctypes.CDLL(None, use_errno=True)


def checked(answer: int, what: str) -> None:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def mount(source: str, target: str, kind: str, options: int = 0, words: str = "") -> None:
    answer = libc.mount(source.encode(), target.encode(), kind.encode(), options, words.encode())
    checked(answer, target)


def overlay(directory: str, scratch: Path) -> None:
    """Let changes to a directory go to scratch instead."""
    upper, work = scratch / "upper", scratch / "work"
    upper.mkdir(parents=True)
    work.mkdir()
    words = f"lowerdir={directory},upperdir={upper},workdir={work}"
    mount("overlay", directory, "overlay", 0, words)


def loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def enter(scratch: Path) -> None:
    checked(libc.unshare(CLONE_NEWNS | CLONE_NEWNET), "unshare")
    mount("none", "/", "none", MS_REC | MS_PRIVATE)
    mount("scratch", str(scratch), "tmpfs")  # an overlay cannot lie on an overlay
    for directory in ("/etc", "/var"):
        overlay(directory, scratch / directory.strip("/"))
    loopback_up()


def in_namespaces(scratch: Path, function: Callable[[], None]) -> None:
    """Fork, enter new namespaces, call the function; AssertionError with its traceback where
    it fails."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(reading)
            enter(scratch)
            function()
            code = 0
        except BaseException:
            os.write(writing, traceback.format_exc().encode())
        finally:
            sys.stdout.flush()
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as report:
        text = report.read().decode()
    _, status = os.waitpid(pid, 0)
    assert status == 0, text
