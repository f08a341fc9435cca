"""scripts/torture, for a moment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TORTURE = Path(__file__).parents[2] / "scripts/torture"


def test_all_is_right_for_two_rounds(tmp_path):
    argv = [sys.executable, str(TORTURE), "--seed", "7", "--rounds", "2", "--services", "2"]
    done = subprocess.run(argv, capture_output=True, text=True, env={"TMPDIR": str(tmp_path)})
    assert (done.returncode, done.stderr) == (0, "")
    assert "instances        1 of one service at most\n" in done.stdout
    assert done.stdout.endswith("all is right\n")
    assert list(tmp_path.iterdir()) == []
