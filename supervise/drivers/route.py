"""The places where what a name leads to can be changed: along its symbolic links."""

from __future__ import annotations

import os
from typing import NamedTuple

MOST_LINKS = 40  # what the kernel follows, path_resolution(7)


class Place(NamedTuple):
    """An entry of a directory."""

    directory: str
    entry: str


def places(name: str) -> list[Place]:
    """Where each link of the route stands, and where the route ends or breaks off.

    Plain directories between two links are left out: to have them renamed is rare, and to be told
    of every file in /tmp or / would be the price.
    """
    found: list[Place] = []
    here, steps = ".", [name]
    links = 0
    while steps and links <= MOST_LINKS:
        step = steps.pop(0)
        path = f"{here}/{step}"
        target = link(path)
        if target is not None:
            found.append(Place(here, step))
            links += 1
            here = "/" if target.startswith("/") else here
            steps = [part for part in target.split("/") if part not in ("", ".")] + steps
        elif not steps or not os.path.lexists(path):
            return [*found, Place(here, step)]
        else:
            here = path
    return found


def link(path: str) -> str | None:
    """Where a symbolic link points; None for all else."""
    try:
        return os.readlink(path)
    except OSError:
        return None
