"""Where the limits count a client in, or turn him away."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from supervise.drivers.conntable import Place
from supervise.errors import unable_to
from supervise.formats import connlimits
from supervise.formats.connlimits import PerAddress
from supervise.formats.connrow import ARRIVED, SERVED
from supervise.machines import admission
from supervise.machines.admission import Refusal


class TurnedAway(NamedTuple):
    """Why a client is not served, and what it is told."""

    refusal: Refusal
    message: bytes


class Turnstile:
    """The way of one client, in its child."""

    def __init__(self, place: Place, per_address: PerAddress | None) -> None:
        self.place = place
        self.per_address = per_address
        self.limits = [] if per_address is None else [per_address.limit]
        self.concurrency: int | None = None

    def arrive(self, ip: bytes) -> TurnedAway | None:
        """Count the client in before anything is done for it."""
        refusal = self.place.enter(ARRIVED, ip, self.limits).refusal
        if refusal is None or self.per_address is None:
            return None
        return TurnedAway(refusal, self.per_address.message)

    def serve(
        self, ip: bytes, name: bytes | None, variable: Callable[[bytes], bytes | None]
    ) -> TurnedAway | None:
        """Count the client in by the limits that the variables set."""
        wanted = connlimits.variables(variable)
        refusal = overload(wanted.load)
        if refusal is None:
            limits = [*self.limits, *wanted.limits]
            refusal, self.concurrency = self.place.enter(SERVED, ip, limits, name)
        if refusal is None:
            return None
        self.leave()
        return TurnedAway(refusal, wanted.message)

    def leave(self) -> None:
        """Count the client no more, though its connection may not be closed yet."""
        self.place.leave()


def overload(most: int | None) -> Refusal | None:
    if most is None:
        return None
    with unable_to("find out the load"):
        return admission.overload(os.getloadavg()[0], most)
