"""Wait for descriptors or a deadline, whichever is first."""

from __future__ import annotations

import selectors
import time


class Waiter:
    """A set of descriptors to wait on for reading.

    Few descriptors are polled, many are kept in epoll (which costs a descriptor of its own).
    """

    def __init__(self, many: bool = False) -> None:
        self.selector: selectors.BaseSelector = (
            selectors.DefaultSelector() if many else selectors.PollSelector()
        )

    def add(self, descriptor: int) -> None:
        self.selector.register(descriptor, selectors.EVENT_READ)

    def remove(self, descriptor: int) -> None:
        self.selector.unregister(descriptor)

    def wait(self, until: float | None) -> set[int]:
        """The readable descriptors; empty when the monotonic deadline came first. None
        waits for ever."""
        timeout = None if until is None else max(0.0, until - time.monotonic())
        return {key.fd for key, _ in self.selector.select(timeout)}
