"""scripts/torture, for a moment."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.trials import processes
from tests.support.patience import PATIENCE, eventually

ROOT = Path(__file__).parents[2]
TORTURE = [sys.executable, "-m", "scripts.trials", "--seed", "7"]


@pytest.mark.timeout(60)
def test_a_table_and_a_verdict(tmp_path):
    argv = [*TORTURE, "--minutes", "0.05", "--only", "restarts"]
    done = subprocess.run(
        argv, cwd=ROOT, capture_output=True, text=True, env={"TMPDIR": str(tmp_path)}
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "\nseed 7, " in done.stdout
    assert "| restarts | while another one ran" in done.stdout
    assert done.stdout.endswith("all is right\n")
    assert list(tmp_path.iterdir()) == []


def test_control_c_ends_all_that_it_made(background, tmp_path):
    argv = [*TORTURE, "--only", "kills", "--services", "1"]
    torture = background.start(
        argv, cwd=ROOT, stdout=subprocess.DEVNULL, env={"TMPDIR": str(tmp_path)}
    )
    eventually(lambda: any(tmp_path.glob("*/scan/s0/supervise/status")))
    torture.send_signal(signal.SIGINT)
    assert torture.wait(PATIENCE) == 130
    left = [pid for pid in processes.everyone() if str(tmp_path) in processes.place(pid)]
    assert left == []


def test_no_such_part():
    done = subprocess.run(
        [*TORTURE, "--only", "kills,nothing"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "no such part: nothing" in done.stderr
