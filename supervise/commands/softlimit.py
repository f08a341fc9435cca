"""Run a program with lower resource limits, of which the hard ones stay as they are.

softlimit [ options ] child [ arg ... ]

Each option takes a number, or «=» for as much as the hard limit allows, which is also the most
that a number means. The last one wins. Options:

    -a n    n bytes of address space
    -c n    n bytes of a core file
    -d n    n bytes of the data segment
    -f n    n bytes of a file
    -l n    n bytes of locked memory
    -m n    n bytes each of the data segment, the stack, locked memory and address space
    -o n    n open files
    -p n    n processes of the user
    -r n    n bytes of resident memory
    -s n    n bytes of the stack
    -t n    n seconds of CPU time

Programs of ours are counted with their interpreter: give them 30000000 bytes of memory (-a, -d, -m)
where the originals had 2000000.

Exits 100 for wrong usage, 111 when the child cannot be run; otherwise the child's code.
"""

from __future__ import annotations

import resource

from supervise import errors, program
from supervise.errors import Failure, Usage
from supervise.formats import number
from supervise.unix import limits

USAGE = (
    "softlimit: usage: softlimit [-a allbytes] [-c corebytes] [-d databytes] [-f filebytes] "
    "[-l lockbytes] [-m membytes] [-o openfiles] [-p processes] [-r residentbytes] "
    "[-s stackbytes] [-t cpusecs] child"
)
AS_HARD = "="

KINDS: dict[str, tuple[int, ...]] = {
    "a": (resource.RLIMIT_AS,),
    "c": (resource.RLIMIT_CORE,),
    "d": (resource.RLIMIT_DATA,),
    "f": (resource.RLIMIT_FSIZE,),
    "l": (resource.RLIMIT_MEMLOCK,),
    "m": (
        resource.RLIMIT_DATA,
        resource.RLIMIT_STACK,
        resource.RLIMIT_MEMLOCK,
        resource.RLIMIT_AS,
    ),
    "o": (resource.RLIMIT_NOFILE,),
    "p": (resource.RLIMIT_NPROC,),
    "r": (resource.RLIMIT_RSS,),
    "s": (resource.RLIMIT_STACK,),
    "t": (resource.RLIMIT_CPU,),
}


class failing(errors.on_trouble):
    """Turn an OSError inside the block into «CALL failed: REASON»."""

    def __init__(self, call: str) -> None:
        self.call = call

    def instead_of(self, error: OSError) -> Exception:
        return Failure(f"{self.call} failed: {errors.reason(error)}")


def main(argv: list[str]) -> int:
    options = program.Options(argv, "", "".join(KINDS))
    wanted = [(kind, amount(value)) for letter, value in options for kind in KINDS[letter]]
    child = program.at_least(1, options.operands)
    program.preload(child)  # while we may still open files, and have memory
    for kind, most in wanted:
        set_soft(kind, most)
    return program.become_or_fail(child)


def amount(value: str) -> int | None:
    """The number that an option was given; None for the hard limit."""
    if value == AS_HARD:
        return None
    most = number.whole(value)
    if most is None:
        raise Usage
    return most


def set_soft(kind: int, most: int | None) -> None:
    """Set a soft limit, at most to the hard one."""
    with failing("getrlimit"):
        _, hard = limits.get(kind)
    with failing("setrlimit"):
        limits.put(kind, (hard if most is None else min(most, hard), hard))
