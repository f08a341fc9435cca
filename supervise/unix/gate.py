"""A gate that a forked child waits at until its parent lets it go on."""

from __future__ import annotations

import os

from supervise.unix import descriptors, pipes


class Gate:
    """Made before the fork; then the child waits, and the parent opens or closes it."""

    def __init__(self) -> None:
        self.inside, self.outside = pipes.make()

    def wait(self) -> bool:
        """In the child: whether the parent has opened; not so where it closed, or is gone.

        What exec would close is closed before, so that no lock of a parent that is gone is held.
        """
        descriptors.close_on_exec_now(self.inside)
        try:
            return os.read(self.inside, 1) != b""
        finally:
            descriptors.close(self.inside)

    def open(self) -> None:
        """In the parent: let the child go on, and close."""
        try:
            os.write(self.outside, b"o")
        except BrokenPipeError:
            pass  # the child is gone already
        finally:
            self.close()

    def close(self) -> None:
        """In the parent: whoever still waits shall end."""
        descriptors.close(self.inside)
        descriptors.close(self.outside)
