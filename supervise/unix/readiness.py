"""Wait until descriptors can be read or written without blocking."""

from __future__ import annotations

import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

TROUBLE = select.POLLHUP | select.POLLERR | select.POLLNVAL  # the call itself will tell


def wait(
    reading: Iterable[int],
    writing: Iterable[int],
    watched: Iterable[int] = (),
    until: float | None = None,
) -> tuple[set[int], set[int]]:
    """The descriptors to read and those to write, as soon as there is one; both empty when the
    monotonic deadline came first. Those watched count as to be written once there is
    nobody at their other end.

    poll, not epoll: it takes ordinary files too, which are always ready.
    """
    reading, writing, watched = set(reading), set(writing), set(watched)
    poll = select.poll()
    for descriptor in reading | writing | watched:
        poll.register(
            descriptor,
            select.POLLIN * (descriptor in reading) | select.POLLOUT * (descriptor in writing),
        )
    ready = poll.poll(milliseconds(until))
    writing |= watched
    return (
        {one for one, events in ready if one in reading and events & (select.POLLIN | TROUBLE)},
        {one for one, events in ready if one in writing and events & (select.POLLOUT | TROUBLE)},
    )


def milliseconds(until: float | None) -> int | None:
    """What poll is to wait."""
    if until is None:
        return None
    from supervise.unix import polling  # which a filter without deadlines need not load

    return polling.milliseconds(until)
