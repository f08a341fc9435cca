"""A stage: one of our programs under strace, in a directory of its own, with a call that fails.

One process is traced from where its program begins; what it starts is not. It is forked from one
that has everything imported, as svscan forks what is its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from scripts.trials import processes
from scripts.trials.injection import Fault
from supervise import program

STRACE = "/usr/bin/strace"
LIMIT = 2.0  # seconds


class Trouble(Exception):
    """What should have been and was not."""


class Gone(Trouble):
    """The program has ended before its time."""

    def __init__(self, what: str, code: int | None) -> None:
        super().__init__(f"{what}: it has ended, {code}")
        self.code = code


class Stage:
    """One run of a program under strace, in a directory of its own."""

    def __init__(self, place: Path, fault: Fault | None) -> None:
        self.place = place
        self.fault = fault
        self.trace = place / "trace"
        self.errors = place / "errors"
        self.pid = 0
        self.ended: int | None = None
        self.tracer: subprocess.Popen[bytes] | None = None

    def start(self, argv: list[str], stdin: int | None = None, traced: bool = True) -> None:
        """Call a program in a fork; it begins once strace looks on."""
        self.ended = None
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self.become(argv, stdin, traced)
            except BaseException:
                sys.excepthook(*sys.exc_info())
                sys.stderr.flush()
            finally:
                os._exit(1)  # as the interpreter
        if traced:
            os.waitpid(self.pid, os.WUNTRACED)
            self.attach()
            os.kill(self.pid, signal.SIGCONT)

    def become(self, argv: list[str], stdin: int | None, traced: bool) -> None:
        os.setsid()
        os.chdir(self.place)
        os.dup2(os.open("/dev/null", os.O_RDONLY) if stdin is None else stdin, 0)
        output = os.open(self.errors, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.closerange(3, 256)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        program.forget()
        if traced:
            os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(program.run(argv[0], argv[1:]))

    def attach(self) -> None:
        argv = [STRACE, "-qq", "-yy", "-o", str(self.trace), "-p", str(self.pid)]
        if self.fault is not None:
            argv += ["-e", self.fault.inject]
        self.tracer = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if processes.within(10, self.is_attached) is None:
            raise RuntimeError("strace does not begin")

    def is_attached(self) -> bool:
        return b"TracerPid:\t0\n" not in processes.read(self.pid, "status")

    def has_ended(self) -> bool:
        if self.ended is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.ended = os.waitstatus_to_exitcode(status)
        return self.ended is not None

    def expect(self, what: str, done: Callable[[], bool], due: float = 0.0) -> None:
        """It must be so within LIMIT after so many seconds."""

        def settled() -> bool:
            return done() or (self.has_ended() and not done())

        if processes.within(due + LIMIT, settled) is None:
            raise Trouble(f"{what}: not in time")
        if not done():
            raise Gone(what, self.ended)

    def end(self) -> None:
        """Leave nobody and nothing."""
        processes.end_all()
        if self.tracer is not None:
            self.tracer.poll()

    def complaints(self) -> str:
        try:
            return self.errors.read_text(errors="replace")
        except FileNotFoundError:
            return ""
