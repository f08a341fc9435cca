"""What svscan is to do for its services; its driver does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Role = Literal["main", "log"]


class Identity(NamedTuple):
    """A directory, whatever its name."""

    device: int
    inode: int


@dataclass(frozen=True)
class MakePipe:
    """Make the pipe from a service to its log."""

    identity: Identity


@dataclass(frozen=True)
class Start:
    """Start a supervise; answer with started or not_started."""

    identity: Identity
    role: Role


@dataclass(frozen=True)
class CloseWriter:
    """Close our writing end of the pipe, so that the logger can see the end."""

    identity: Identity


@dataclass(frozen=True)
class Stop:
    """Tell a supervise to stop its service and leave: TERM, CONT."""

    identity: Identity
    role: Role


@dataclass(frozen=True)
class Drain:
    """Tell a log supervise to let its child read to the end, then leave."""

    identity: Identity


@dataclass(frozen=True)
class Kill:
    """Tell a supervise to kill its child."""

    identity: Identity
    role: Role


@dataclass(frozen=True)
class Renew:
    """Have a supervise make way for one of the version that we are."""

    identity: Identity
    role: Role


@dataclass(frozen=True)
class HandOver:
    """Give the main supervise the pipe of a log that has appeared."""

    identity: Identity


@dataclass(frozen=True)
class Forget:
    """Close what is left of a service and no longer watch its directory."""

    identity: Identity


@dataclass(frozen=True)
class Look:
    """Look at the scan directory again: a name may have come back meanwhile."""


@dataclass(frozen=True)
class Exit:
    """All is stopped."""


Effect = (
    MakePipe | Start | CloseWriter | Stop | Drain | Kill | Renew | HandOver | Forget | Look | Exit
)
