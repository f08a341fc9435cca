"""One question for the name servers: which of them is to be asked now, and when the next.

Each has a turn, round and round. Its answer counts as well when it comes after that: a server that
has to ask others is slow, and would be as slow the second time. One that has failed is not asked
again.
"""

from __future__ import annotations

from collections.abc import Iterable


class Inquiry:
    """The servers and whose turn it is; times are monotonic seconds."""

    def __init__(self, servers: Iterable[bytes], turn: float) -> None:
        self.servers = list(dict.fromkeys(servers))
        self.turn = turn
        self.asked: bytes | None = None
        self.due = 0.0

    @property
    def hopeless(self) -> bool:
        return not self.servers

    def next(self, now: float) -> bytes | None:
        """The server to ask now; None while another has its turn, or nobody is left."""
        if self.hopeless or (self.asked is not None and now < self.due):
            return None
        self.asked = self.servers.pop(0)
        self.servers.append(self.asked)
        self.due = now + self.turn
        return self.asked

    def failed(self, server: bytes) -> None:
        """A server refuses or cannot answer: if it was its turn, that is over."""
        self.servers.remove(server)
        if server == self.asked:
            self.asked = None
