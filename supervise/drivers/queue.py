"""Hand a message to a queue program: the message on its descriptor 0, the envelope on 1, and its
own words for a refusal on 6."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from supervise.formats import queueexit
from supervise.unix import files, processes
from supervise.unix.waiting import Waiter

MESSAGE, ENVELOPE, WORDS = 0, 1, 6  # the queue program's descriptors
GATHER = 65536  # bytes of a message that are written at once

Program = Callable[[], int]


class Running(NamedTuple):
    """A queue program and our ends of its pipes."""

    pid: int
    end: int  # readable once it has ended
    message: int
    envelope: int
    words: int


def start(program: Program) -> Running:
    """Fork; the child calls the function with the descriptors in place. OSError where there is
    no more of something."""
    opened: list[int] = []
    try:
        for _ in range(3):
            opened.extend(os.pipe())
        message, to_message, envelope, to_envelope, from_words, words = opened
        pid = processes.fork(lambda: in_child(program, message, envelope, words))
        # Now, while to fail is harmless: without it nobody could say how a stored message ended.
        end = processes.open_or_kill(pid)
    except OSError:
        close(*opened)
        raise
    close(message, envelope, words)
    return Running(pid, end, to_message, to_envelope, from_words)


def in_child(program: Program, message: int, envelope: int, words: int) -> int:
    # The client's connection is on 0 and 1 and goes with them. What else is open closes on exec.
    os.dup2(message, MESSAGE)
    os.dup2(envelope, ENVELOPE)
    os.dup2(words, WORDS)  # the sixth of six pipe ends, with 0 and 1 taken, so it is above 6 now
    return program()


def close(*numbers: int) -> None:
    for number in numbers:
        os.close(number)


class Queue:
    """One message on its way into a queue program.

    Once the program did not take something it gets no envelope, so it cannot store a part.
    """

    def __init__(self, program: Program) -> None:
        self.running = start(program)
        self.pid = self.running.pid
        self.whole = True
        self.gathered: list[bytes] = []
        self.size = 0

    def store(self, data: bytes) -> None:
        """Give the program a piece of the message."""
        self.gathered.append(data)
        self.size += len(data)
        if self.size >= GATHER:
            self.hand_over()

    def hand_over(self) -> None:
        self.write(self.running.message, b"".join(self.gathered))
        self.gathered.clear()
        self.size = 0

    def write(self, descriptor: int, data: bytes) -> None:
        if self.whole:
            try:
                files.write_all(descriptor, data)
            except OSError:
                self.whole = False  # it is gone, and its exit code says why

    def commit(self, envelope: bytes) -> bytes | None:
        """Give the program the envelope; None once the message is stored, or the refusal."""
        self.hand_over()
        close(self.running.message)
        self.write(self.running.envelope, envelope)
        close(self.running.envelope)
        return queueexit.refusal(*self.finish(), self.whole)

    def abandon(self) -> None:
        """End the program without an envelope."""
        close(self.running.message, self.running.envelope)
        self.finish()

    def finish(self) -> tuple[int, bytes]:
        """Wait for the end of the program: its exit code and its own words."""
        words = last_words(self.running)
        close(self.running.words, self.running.end)
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status), words


def last_words(running: Running) -> bytes:
    """What the program says on descriptor 6, the first bytes of it, until it closes it or ends.

    The original waits for the close only, so a queue program that leaves somebody behind with
    this descriptor open stalls the client for as long.
    """
    os.set_blocking(running.words, False)
    waiter = Waiter()
    waiter.add(running.words)
    waiter.add(running.end)
    words = b""
    while True:
        ended = running.end in waiter.wait(None)
        piece = read_now(running.words)
        words = (words + (piece or b""))[: queueexit.CUSTOM_LIMIT]
        if piece == b"" or (ended and piece is None):
            return words


def read_now(descriptor: int) -> bytes | None:
    """What is there to read, b"" at the end, None where nothing is there yet."""
    try:
        return os.read(descriptor, GATHER)
    except BlockingIOError:
        return None
