"""How a log is gone on with after a kill: what of a block's output the files do not yet have."""

from __future__ import annotations

from typing import NamedTuple


class Rest(NamedTuple):
    """What is still to be written, and whether what is there was ours, or something else."""

    text: bytes
    expected: bool


def rest(output: bytes, done: int, there: bytes) -> Rest:
    """The rest of an output of which `done` bytes are known to be elsewhere, and the next ones are
    looked for in what the file has after the block's beginning. Somebody else may have gone on in
    it."""
    left = output[done:]
    if left.startswith(there) or there.startswith(left):
        return Rest(left[len(there) :], True)
    return Rest(left, False)


def notice(stamp: bytes, dropped: int) -> bytes:
    """The line that says how many lines were dropped before it."""
    return b"%smultilog: warning: %d lines dropped\n" % (stamp, dropped) if dropped else b""


class Loss(NamedTuple):
    """What is given up of an output."""

    kept: int  # bytes of it that stay: whole lines
    dropped: int  # lines that were dropped in all and not told


def loss(output: bytes, told: int, written: int, dropped: int) -> Loss:
    """What is lost of an output that begins with `told` bytes of notice about lines dropped before,
    where so many bytes of it were written and no more can be."""
    kept = output.rfind(b"\n", 0, written) + 1
    if kept < told:
        return Loss(0, dropped + lines(output[told:]))
    return Loss(kept, lines(output[kept:]))


def lines(text: bytes) -> int:
    """How many lines have a part in a text."""
    return text.count(b"\n") + (not text.endswith(b"\n") if text else 0)
