"""Labels as local times, in a stream that comes in blocks."""

from __future__ import annotations

from supervise.formats import localtime


class Translator:
    """Holds a label back whose end has not come yet, and nothing else."""

    def __init__(self, local: localtime.Local) -> None:
        self.translation = localtime.Translation(local)
        self.held = b""
        self.midline = False

    def take(self, block: bytes) -> bytes:
        """What can be written once these bytes have come."""
        block, self.held = self.held + block, b""
        start = after_newline(block) if self.midline else 0
        lines = block[start:]
        if not lines:
            self.midline = not block.endswith(b"\n")
            return block
        last = lines.rfind(b"\n") + 1
        if localtime.OPEN.match(lines, last):
            lines, self.held = lines[:last], lines[last:]
        self.midline = bool(lines) and not lines.endswith(b"\n")
        return block[:start] + self.translation.of(lines)

    def end(self) -> bytes:
        """What was held back: nothing follows any more."""
        held, self.held = self.held, b""
        return self.translation.of(held)


def after_newline(block: bytes) -> int:
    """The place behind the first newline, or the end."""
    return block.find(b"\n") + 1 or len(block)
