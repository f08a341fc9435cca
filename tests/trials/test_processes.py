from __future__ import annotations

import os
import sys

from scripts.trials import processes
from tests.support.patience import PATIENCE, eventually

SLEEP = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(1000)"]


def test_a_second_instance_is_seen(background, tmp_path):
    mark = f"mark-{tmp_path.name}-{os.getpid()}"
    assert processes.marked(mark) == []
    first = background.start([*SLEEP, mark])
    eventually(lambda: processes.marked(mark) == [first.pid])
    second = background.start([*SLEEP, mark])
    eventually(lambda: sorted(processes.marked(mark)) == sorted([first.pid, second.pid]))
    second.kill()
    eventually(lambda: processes.marked(mark) == [first.pid])  # though it is not collected


def test_whoever_is_below_us_is_ended(background):
    processes_before = processes.descendants()
    one = background.start(SLEEP)
    assert set(processes.descendants()) - set(processes_before) == {one.pid}
    assert processes.kill(one.pid)
    one.wait(PATIENCE)
    assert not processes.kill(one.pid)
    assert processes.stat(one.pid) is None


def test_a_wait_that_is_too_long():
    assert processes.within(0.0, lambda: True) is not None
    assert processes.within(0.01, lambda: False) is None
