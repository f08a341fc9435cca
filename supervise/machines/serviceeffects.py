"""What supervise is to do for its service; its driver does it."""

from __future__ import annotations

from dataclasses import dataclass

from supervise.formats.status import Status


@dataclass(frozen=True)
class Spawn:
    """Start ./run; answer with started or not_started."""


@dataclass(frozen=True)
class Signal:
    """Send a signal to the living child."""

    number: int


@dataclass(frozen=True)
class Publish:
    """Replace the status file."""

    status: Status


@dataclass(frozen=True)
class SignalRest:
    """Send a signal to every process group of the service: that of its child, if there is one, and
    those that children before it have left."""

    number: int


@dataclass(frozen=True)
class AwaitRest:
    """Answer with rest_gone once no such process is left, at once where there is none."""


@dataclass(frozen=True)
class Sweep:
    """Kill all that descends from the service; answer with rest_gone when nobody is left."""


@dataclass(frozen=True)
class Exit:
    """Leave, successfully."""


Effect = Spawn | Signal | Publish | SignalRest | AwaitRest | Sweep | Exit
