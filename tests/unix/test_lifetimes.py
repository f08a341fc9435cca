from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from supervise.unix import lifetimes
from tests.support.patience import eventually


def test_a_process_grows_older():
    own = lifetimes.seconds(os.getpid())
    assert 0 < own < time.clock_gettime(time.CLOCK_BOOTTIME)
    eventually(lambda: lifetimes.seconds(os.getpid()) > own)


def test_a_child_is_younger(background):
    child = background.start(["sleep", "10000"])
    assert 0 <= lifetimes.seconds(child.pid) + 0.01 < lifetimes.seconds(os.getpid())


def test_a_name_that_looks_like_fields(background, tmp_path):
    strange = tmp_path / ") S 1 2"
    strange.symlink_to("/bin/sleep")
    child = background.start([str(strange), "10000"])
    comm = Path(f"/proc/{child.pid}/comm")
    eventually(lambda: comm.read_text() == f"{strange.name}\n")
    assert lifetimes.seconds(child.pid) + 0.01 < lifetimes.seconds(os.getpid())


def test_nobody_of_that_number():
    with pytest.raises(FileNotFoundError):
        lifetimes.seconds(2**22 + 1)
