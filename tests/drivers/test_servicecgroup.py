from __future__ import annotations

import os
import signal

import pytest

from supervise.drivers.servicecgroup import ServiceCgroup
from supervise.unix import cgroups, processes
from tests.support.cgroups import needed, of_services


def sleep() -> int:
    signal.pause()
    return 0


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    (tmp_path / "supervise").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_where_there_are_none_nothing_is_done(here, monkeypatch):
    monkeypatch.setattr(cgroups, "own", lambda: None)
    group = ServiceCgroup("sv")
    assert not group.take(os.getpid())
    assert not group.kill()
    assert group.members() == set()
    group.remove()
    assert list((here / "supervise").iterdir()) == []


def test_where_none_can_be_made_nothing_is_done(here, monkeypatch):
    monkeypatch.setattr(cgroups, "own", lambda: str(here))
    group = ServiceCgroup("sv")
    assert not group.take(os.getpid())
    assert not group.kill()
    group.remove()


@pytest.mark.parametrize("kept", [b"", b"/sys/fs/cgroup", b"\xff\0", b"supervise"])
def test_what_is_no_group_of_this_directory_is_ignored(here, kept):
    (here / "supervise/cgroup").write_bytes(kept)
    assert ServiceCgroup("sv").path is None


@needed
def test_a_process_and_what_it_starts_are_killed(here):
    group = ServiceCgroup("some where/log")
    pid = processes.fork(sleep)
    assert group.take(pid)
    name = os.path.basename(group.path)
    about = os.stat(".")
    assert name == f"supervise-some-where-log.{about.st_dev:x}.{about.st_ino:x}"
    assert name in of_services()
    assert group.members() == {pid}
    again = ServiceCgroup("under another name")
    assert again.path == group.path, "the next supervise finds it"
    group.remove()
    assert (group.path, group.members()) == (again.path, {pid}), "while somebody is left it stays"
    assert again.kill()
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL
    group.remove()
    assert group.path is None
    assert name not in of_services()
    assert not (here / "supervise/cgroup").exists()


@needed
def test_one_that_was_removed_by_somebody_is_not_there(here):
    group = ServiceCgroup("sv")
    pid = processes.fork(sleep)
    group.take(pid)
    cgroups.kill(group.path)
    os.waitpid(pid, 0)
    cgroups.remove(group.path)
    assert not group.kill()
    assert ServiceCgroup("sv").path is None
    pid = processes.fork(sleep)
    assert group.take(pid), "and is made again"
    assert group.kill()
    os.waitpid(pid, 0)
    group.remove()
