"""Several conversations at once in one process: each is a coroutine that awaits its descriptors,
and one poll waits for all of them.

A process that is about to become another program can have no threads; a helper process for each
conversation costs a fork; asyncio takes 70 ms to import and descriptors of its own.
"""

from __future__ import annotations

import math
import select
import time
from collections.abc import Collection, Coroutine, Generator, Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")

READ, WRITE = select.POLLIN, select.POLLOUT
LONGEST = 2**31 - 1  # milliseconds that poll(2) can wait; 24 days

Ready = frozenset[int]
LATE: Ready = frozenset()


class Wait(NamedTuple):
    """Awaited, it gives the descriptors that are ready, an end or an error included; none of them
    once its monotonic deadline has passed, so that nobody who says little by little, or too much,
    is listened to for longer than that."""

    events: dict[int, int]  # for each descriptor READ or WRITE
    until: float

    def __await__(self) -> Generator[Wait, Ready, Ready]:
        return (yield self)


Conversation = Coroutine[Wait, Ready, T]


class Together(Generic[T]):
    """Conversations that have begun, and go on whenever somebody waits for an answer."""

    def __init__(self, conversations: Sequence[Conversation[T]]) -> None:
        self.conversations = conversations
        self.waits: dict[int, Wait] = {}
        self.answers: dict[int, T] = {}
        self.troubles: dict[int, Exception] = {}
        for number in range(len(conversations)):
            self.go_on(number, None)

    def __enter__(self) -> Together[T]:
        return self

    def __exit__(self, *trouble: object) -> None:
        """Break off what still goes on."""
        for conversation in self.conversations:
            conversation.close()

    def __iter__(self) -> Iterator[T]:
        """What the conversations returned, in their order and as soon as it is known."""
        return (self.answer(number) for number in range(len(self.conversations)))

    def answer(self, number: int) -> T:
        """What one conversation returned, or raised."""
        while number in self.waits:
            self.turn()
        if number in self.troubles:
            raise self.troubles[number]
        return self.answers[number]

    def turn(self) -> None:
        """Wait until one can go on."""
        ready, now = poll(self.waits.values()), time.monotonic()
        for number, wait in list(self.waits.items()):
            if now >= wait.until:
                self.go_on(number, LATE)
            elif mine := ready & wait.events.keys():
                self.go_on(number, mine)

    def go_on(self, number: int, ready: Ready | None) -> None:
        self.waits.pop(number, None)
        # The first time there is nothing yet to be told, which only the type of `send` denies.
        send: Any = self.conversations[number].send
        try:
            self.waits[number] = send(ready)
        except StopIteration as end:
            self.answers[number] = end.value
        except Exception as trouble:
            self.troubles[number] = trouble


def poll(waits: Collection[Wait]) -> Ready:
    """What is ready of all that is waited for, were it nothing by the first deadline."""
    polling = select.poll()
    for wait in waits:
        for descriptor, events in wait.events.items():
            polling.register(descriptor, events)
    seconds = min(wait.until for wait in waits) - time.monotonic()
    milliseconds = math.ceil(min(max(0.0, seconds) * 1000, LONGEST))
    return frozenset(descriptor for descriptor, _ in polling.poll(milliseconds))


async def readable(descriptor: int, until: float) -> None:
    """Wait until there is something to read; TimeoutError when there is not in time."""
    if not await Wait({descriptor: READ}, until):
        raise TimeoutError


async def writable(descriptor: int, until: float) -> None:
    if not await Wait({descriptor: WRITE}, until):
        raise TimeoutError
