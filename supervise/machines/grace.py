"""How a server ends that lets its connections come to their ends: not before, but not for ever."""

from __future__ import annotations


class Grace:
    """The time that connections have once the server was told to end; in monotonic seconds."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.until: float | None = None

    @property
    def begun(self) -> bool:
        return self.until is not None

    def begin(self, now: float) -> None:
        self.until = now + self.patience

    def over(self, now: float, connections: int) -> bool:
        """Whether there is nothing more to wait for."""
        return self.until is not None and (connections == 0 or now >= self.until)
