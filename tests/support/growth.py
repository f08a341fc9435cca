"""What a parser costs, compared with itself: for sixteen times the input it may take four times its
share, while what is quadratic takes sixteen times its share.

Time is the processor's, of this thread alone, so that other processes do not count; regular
expressions and copies have no steps that could be counted instead. What is too much is measured
again, since the cost of a piece of work is the least that was ever seen.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable

SMALL, LARGE = 4096, 65536
SLACK = 4
NEGLIGIBLE = 100_000  # nanoseconds: the price of a call, whatever its input
ATTEMPTS = 6
ROOM = 65536  # bytes of memory that any parser may need

Work = Callable[[int], object]  # for an input of that size


def grows_with_its_input(work: Work, large: int = LARGE) -> bool:
    """Whether the time that it takes is in proportion to its input, or less."""
    small = large * SMALL // LARGE
    least_small = least_large = 2**62
    for _ in range(ATTEMPTS):
        least_small = min(least_small, nanoseconds(work, small))
        least_large = min(least_large, nanoseconds(work, large))
        if least_large <= SLACK * (LARGE // SMALL) * least_small + NEGLIGIBLE:
            return True
    return False


def nanoseconds(work: Work, size: int) -> int:
    collecting = gc.isenabled()
    gc.disable()  # which looks at all that the tests have, and not at what is measured
    try:
        begin = time.thread_time_ns()
        work(size)
        return time.thread_time_ns() - begin
    finally:
        if collecting:
            gc.enable()


def memory(work: Callable[[], object]) -> int:
    """The bytes of memory that it needed at once."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
