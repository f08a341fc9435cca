from __future__ import annotations

import time

from supervise.drivers import clock
from supervise.formats import tai64


def test_both_clocks():
    before = time.monotonic(), time.time_ns()
    now = clock.now()
    after = time.monotonic(), time.time_ns()
    assert before[0] <= now.monotonic <= after[0]
    # Labels keep microseconds and add 500 ns.
    assert before[1] - 1000 <= tai64.to_unix(now.tai) <= after[1] + 500
