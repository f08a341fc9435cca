"""A session of qmail-smtpd joined to its client, its queue program and its lists."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable

from supervise.drivers.queue import Program, Queue
from supervise.drivers.starttls import Offer
from supervise.drivers.timedstream import Gone, TimedOut, TimedStream
from supervise.machines.smtp import Session
from supervise.machines.smtpeffects import (
    Abandon,
    Commit,
    Effect,
    Effects,
    Exit,
    FindHosts,
    Flush,
    OpenQueue,
    Reply,
    StartTls,
    Store,
)

FindAny = Callable[[Iterable[bytes]], bool]  # OSError where the list cannot be read


class Conversation:
    """Runs a session to its end."""

    def __init__(
        self,
        session: Session,
        client: TimedStream,
        program: Program,
        find_any: FindAny,
        offer: Offer | None = None,
    ) -> None:
        self.session = session
        self.client = client
        self.program = program
        self.find_any = find_any
        self.offer = offer  # of TLS
        self.queue: Queue | None = None
        self.code: int | None = None

    def run(self) -> int:
        """Talk until the session ends; returns its exit code."""
        self.perform(self.session.greet)
        while self.code is None:
            self.perform(self.listen)
        return self.code

    def listen(self) -> Effects:
        try:
            return self.session.received(self.client.read())
        except TimedOut:
            return self.session.timed_out()

    def perform(self, event: Callable[[], Effects]) -> None:
        """Perform what follows from an event, and from the answers to what it asks."""
        try:
            effects = event()
            while effects:
                answers = [self.act(effect) for effect in effects]
                effects = answers[-1]  # only the last effect of a list asks something
        except Gone:
            for effect in self.session.hung_up():
                self.act(effect)

    def act(self, effect: Effect) -> Effects:
        match effect:
            case Reply(text):
                self.client.put(text)
            case Flush():
                self.client.flush()
            case FindHosts(names):
                return self.find_hosts(names)
            case StartTls(ready):
                return self.start_tls(ready)
            case OpenQueue():
                return self.open_queue()
            case Store(data):
                self.open.store(data)
            case Commit(envelope):
                return self.commit(envelope)
            case Abandon():
                self.abandon()
            case Exit(code):
                self.leave(code)
        return []

    @property
    def open(self) -> Queue:
        assert self.queue is not None, "the session stores only between OpenQueue and its end"
        return self.queue

    def find_hosts(self, names: tuple[bytes, ...]) -> Effects:
        try:
            return self.session.hosts_found(self.find_any(names))
        except OSError:
            return self.session.controls_unreadable()

    def start_tls(self, ready: bytes) -> Effects:
        """Wish for TLS before the client is told to begin, so that whoever passes our plain text on
        knows by then that what follows is none."""
        try:
            assert self.offer is not None, "the session begins only what is offered"
            self.offer.wish()
        except OSError:
            return self.session.tls_unavailable()
        self.client.put(ready)
        self.client.flush()
        variables = self.offer.begun(self.client.until())
        if variables is None:
            return self.session.hung_up()
        os.environb.update(variables)
        self.client.reading, self.client.writing = self.offer.reading, self.offer.writing
        return self.session.tls_started()

    def open_queue(self) -> Effects:
        try:
            self.queue = Queue(self.program)
        except OSError:
            return self.session.queue_not_opened()
        return self.session.queue_opened(int(time.time()))

    def commit(self, envelope: bytes) -> Effects:
        queue, self.queue = self.open, None
        refusal = queue.commit(envelope)
        if refusal is None:
            return self.session.message_stored(int(time.time()), queue.pid)
        return self.session.message_refused(refusal)

    def abandon(self) -> None:
        queue, self.queue = self.queue, None
        if queue is not None:
            queue.abandon()

    def leave(self, code: int) -> None:
        self.code = code
        try:
            self.client.flush()
        except Gone:
            self.code = 1
        self.abandon()  # a message that was cut off by a client who takes no more replies
