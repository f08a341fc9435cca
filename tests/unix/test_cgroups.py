from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from supervise.unix import cgroups, processes
from tests.support.cgroups import fresh, needed
from tests.support.patience import eventually

HYBRID = b"""\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw
"""
UNIFIED = b"29 22 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"


def sleep() -> int:
    signal.pause()
    return 0


@pytest.fixture
def group():
    with fresh() as path:
        yield path


@pytest.mark.parametrize(
    ("mounts", "place"),
    [
        (UNIFIED, b"/sys/fs/cgroup"),
        (HYBRID, b"/sys/fs/cgroup/unified"),
        (HYBRID[:130], None),
        (b"", None),
        (b"garbage\n\n", None),
    ],
)
def test_where_it_is_mounted(mounts, place):
    assert cgroups.mount_point(mounts) == place


@pytest.mark.parametrize(
    ("own", "path"),
    [
        (b"9:name=systemd:/\n0::/\n", "/sys/fs/cgroup"),
        (b"0::/system.slice/svscan.service\n", "/sys/fs/cgroup/system.slice/svscan.service"),
        (b"4:memory:/\n", None),
        (b"", None),
    ],
)
def test_which_one_we_are_in(tmp_path, monkeypatch, own, path):
    for name, text in (("MOUNTS", UNIFIED), ("OWN", own)):
        (tmp_path / name).write_bytes(text)
        monkeypatch.setattr(cgroups, name, str(tmp_path / name))
    assert cgroups.own() == path


def test_none_where_nobody_tells(tmp_path, monkeypatch):
    monkeypatch.setattr(cgroups, "OWN", str(tmp_path / "missing"))
    assert cgroups.own() is None


def test_what_is_no_group_cannot_be_made_one(tmp_path):
    with pytest.raises(FileNotFoundError):
        cgroups.make(str(tmp_path / "group"))


def test_nobody_is_in_one_that_is_gone(tmp_path):
    assert cgroups.members(str(tmp_path / "group")) == set()


@needed
def test_all_in_a_group_and_below_it_are_killed(group):
    cgroups.make(group)
    cgroups.make(group)
    cgroups.make(f"{group}/below")
    pids = [processes.fork(sleep) for _ in range(2)]
    cgroups.enter(group, pids[0])
    cgroups.enter(f"{group}/below", pids[1])
    assert cgroups.members(group) == set(pids)
    with pytest.raises(OSError, match="busy"):
        cgroups.remove(group)
    cgroups.kill(group)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [signal.SIGKILL] * 2
    eventually(lambda: cgroups.members(group) == set())
    eventually(lambda: "populated 0" in Path(group, "cgroup.events").read_text())
    cgroups.remove(group)
    assert not os.path.exists(group)
