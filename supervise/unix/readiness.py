"""Wait until descriptors can be read or written without blocking."""

from __future__ import annotations

import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

TROUBLE = select.POLLHUP | select.POLLERR | select.POLLNVAL  # the call itself will tell


def wait(reading: Iterable[int], writing: Iterable[int]) -> tuple[set[int], set[int]]:
    """The descriptors to read and those to write, as soon as there is one.

    poll, not epoll: it takes ordinary files too, which are always ready.
    """
    reading, writing = set(reading), set(writing)
    poll = select.poll()
    for descriptor in reading | writing:
        poll.register(
            descriptor,
            select.POLLIN * (descriptor in reading) | select.POLLOUT * (descriptor in writing),
        )
    ready = poll.poll()
    return (
        {one for one, events in ready if one in reading and events & (select.POLLIN | TROUBLE)},
        {one for one, events in ready if one in writing and events & (select.POLLOUT | TROUBLE)},
    )
