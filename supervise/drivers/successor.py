"""The svscan that this process is to become: its rehearsal in a process of its own, and the exec.

Both get the same: a state in memory that nobody else sees, and the descriptors that it speaks of.
Only the number of the one that leads to it is among the arguments.
"""

from __future__ import annotations

import os
from signal import SIGKILL

from supervise.formats import handover
from supervise.formats.handover import Record
from supervise.unix import descriptors, files, linux, pipes, processes, signals

REHEARSE, RESUME = "--rehearse", "--resume"
MOST_HEARD = 65536  # bytes of what a rehearsal says


class Successor:
    """What `command` starts."""

    def __init__(self, command: list[str]) -> None:
        self.command = command
        self.pid = 0
        self.answer: int | None = None  # readable when the rehearsal says something, or has ended
        self.said = b""
        self.expected = b""

    def rehearse(self, records: list[Record]) -> None:
        """Begin; OSError where there is nothing to be started."""
        state = handover.pack(records)
        self.said, self.expected = b"", handover.understood(state)
        reading, writing = pipes.make()
        try:
            memory = remember(state)
            try:
                self.pid = self.spawn(memory, writing, handover.descriptors(records))
            finally:
                descriptors.close(memory)
        except OSError:
            descriptors.close(reading)
            raise
        finally:
            descriptors.close(writing)
        self.answer = reading

    def spawn(self, memory: int, writing: int, kept: list[int]) -> int:
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, writing, 1),
            (os.POSIX_SPAWN_DUP2, writing, 2),
            # To itself means that it is inherited.
            *((os.POSIX_SPAWN_DUP2, each, each) for each in (memory, *kept)),
        ]
        return os.posix_spawn(
            self.command[0],
            [*self.command, REHEARSE, str(memory)],
            {name: value for name, value in os.environb.items() if name},
            file_actions=actions,
            setsid=True,
            setsigdef=signals.IGNORED_BY_PYTHON,
        )

    def hear(self) -> bool:
        """Listen to the rehearsal; whether it has ended."""
        assert self.answer is not None
        block = os.read(self.answer, MOST_HEARD)
        self.said = (self.said + block)[-MOST_HEARD:]
        return not block

    def close(self) -> None:
        """Hear it no more, and end it, with all that it may have started."""
        assert self.answer is not None
        descriptors.close(self.answer)
        self.answer = None
        if processes.is_child(self.pid):  # and so the number is its own
            processes.send_to_group(self.pid, SIGKILL)

    def become(self, records: list[Record]) -> None:
        """Go on as the new version, with whatever signal that comes meanwhile; OSError where that
        cannot be."""
        kept = handover.descriptors(records)
        memory = remember(handover.pack(records))
        words = [os.fsencode(word) for word in (*self.command, RESUME, str(memory))]
        try:
            descriptors.set_all_inheritable([memory, *kept], True)
            linux.execve(words[0], words, os.environb)
        finally:
            descriptors.set_all_inheritable(kept, False)
            descriptors.close(memory)


def remember(state: bytes) -> int:
    """A descriptor of memory that has this in it."""
    memory = os.memfd_create("svscan")
    try:
        files.write_all(memory, state)
    except OSError:
        descriptors.close(memory)
        raise
    return memory
