"""Real trees: what ends is started again, what lacks is waited for, at rest nothing wakes."""

from __future__ import annotations

import os
import resource
import signal
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support import processes, trees
from tests.support.patience import eventually
from tests.support.trees import LOGGER, Tree, lines

FEW_DESCRIPTORS = """\
import resource
from supervise.machines import scanentries
scanentries.TROUBLE_PAUSE = 0.2
from supervise.unix import limits
limits.raise_open_files = lambda: (64, 64)
resource.setrlimit(resource.RLIMIT_NOFILE, ({most}, 64))"""


@pytest.fixture
def tree(tmp_path, background):
    return Tree(tmp_path, background)


def test_a_supervise_that_is_killed_is_restarted(tree):
    service = tree.add("a", down=True)
    tree.start(trees.QUICK)
    eventually(lambda: trees.is_supervised(service))
    old = tree.supervise("supervise a")
    trees.kill(old)
    eventually(lambda: tree.supervise("supervise a") not in (None, old))
    eventually(lambda: trees.is_supervised(service))
    assert tree.said() == []


def test_supervises_that_die_at_once_are_restarted_once_a_second(tree):
    tree.add("a")
    tree.start("""\
import os, time
from supervise.drivers import supervisor
def die(self):
    with open("../../starts", "a") as starts:
        starts.write(f"{time.monotonic()}\\n")
    os._exit(1)
supervisor.Supervisor.supervise = die""")
    starts = tree.scan.parent / "starts"
    eventually(lambda: len(lines(starts)) >= 3)
    moments = [float(line) for line in lines(starts)]
    assert all(later - sooner > 0.9 for sooner, later in pairwise(moments))


def test_a_service_is_restarted_at_once_and_no_more_than_once_a_second(tree):
    service = tree.add("a", "date +%s.%N >>starts; exec sh -c 'sleep 0'")
    tree.start()
    eventually(lambda: len(lines(service / "starts")) >= 3)
    moments = [float(line) for line in lines(service / "starts")]
    assert all(later - sooner > 0.9 for sooner, later in pairwise(moments))


def test_nobody_stays_behind_as_a_zombie(tree):
    service = tree.add("a", "sleep 0 & exec sleep 0")
    tree.start(trees.QUICK)
    supervise = eventually(lambda: tree.supervise("supervise a"))
    first = eventually(lambda: trees.read(service).pid if trees.is_supervised(service) else None)
    eventually(lambda: trees.read(service).pid not in (None, first), "restarted")
    eventually(lambda: processes.state(first) == "gone")

    def zombies() -> list[str]:
        return [
            pid
            for parent in (tree.svscan.pid, supervise)
            for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
            if processes.state(int(pid)) == "Z" and int(pid) != trees.read(service).pid
        ]

    # One is collected only when its end has been dealt with, so for a moment there are some.
    eventually(lambda: not zombies(), "all are collected")
    assert len(zombies()) < 10, "nor do they add up"


def test_descriptors_do_not_add_up(tree):
    service = tree.add("a", down=True, log=trees.SLEEP)
    tree.start(f"{trees.IMPATIENT}; scan.RESTART_PAUSE = 0.0")
    log = trees.started(service / "log")
    old = None
    counts = set()
    for _ in range(50):
        eventually(lambda: trees.is_supervised(service))
        pid = eventually(lambda old=old: trees_other(tree, old))
        counts.add(len(trees.descriptors(tree.svscan.pid)))
        trees.kill(pid)
        old = pid
    assert max(counts) - min(counts) <= 1  # the end that a supervise's fork has yet to close
    assert trees.running(service / "log") == log


def trees_other(tree: Tree, old: int | None) -> int | None:
    pid = tree.supervise("supervise a")
    return pid if pid != old else None


def test_services_have_the_limits_that_svscan_was_given(tree):
    """svscan needs many descriptors itself, and takes what it may."""
    service = tree.add("a", "ulimit -Sn >limit; exec sleep 10000")
    tree.start("import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (77, 99))")
    trees.started(service)
    eventually(lambda: lines(service / "limit") == ["77"])
    assert resource.prlimit(tree.svscan.pid, resource.RLIMIT_NOFILE) == (99, 99)


def test_services_see_three_descriptors_and_what_svscan_inherited(tree, tmp_path):
    show = "ls -l /proc/self/fd >%s; exec sleep 10000"
    service = tree.add("a", show % "fds", log=show % "fds")
    read_end, write_end = os.pipe()
    os.set_inheritable(read_end, True)
    tree.start(trees.IMPATIENT, pass_fds=[read_end])
    for part in (service, service / "log"):
        trees.started(part)
        eventually(lambda part=part: str(read_end) in numbers(part / "fds"))
        # ls has its own on the directory
        assert set(numbers(part / "fds")) <= {"0", "1", "2", "3", "4", str(read_end)}
    pid = trees.started(service)
    eventually(lambda: processes.title(pid) == "sleep 10000")
    assert set(trees.descriptors(pid)) == {0, 1, 2, read_end}
    log = trees.started(service / "log")
    eventually(lambda: processes.title(log) == "sleep 10000")
    assert set(trees.descriptors(log)) == {0, 1, 2, read_end}
    assert trees.descriptors(pid)[1] == trees.descriptors(log)[0]
    os.close(read_end)
    os.close(write_end)


def numbers(listing: Path) -> list[str]:
    return [line.split()[8] for line in lines(listing) if " -> " in line]


def test_no_descriptor_left_for_a_pipe(tree):
    service = tree.add("a", log=LOGGER)
    tree.start(FEW_DESCRIPTORS.format(most=7))
    tree.hears("svscan: warning: unable to create pipe for a: process cannot open more files")
    raise_limit(tree)
    trees.started(service)
    trees.started(service / "log")


def test_no_descriptor_left_for_a_supervise(tree):
    service = tree.add("a")
    tree.start(FEW_DESCRIPTORS.format(most=7))
    tree.hears("svscan: warning: unable to fork for a: process cannot open more files")
    raise_limit(tree)
    trees.started(service)


def raise_limit(tree: Tree) -> None:
    resource.prlimit(tree.svscan.pid, resource.RLIMIT_NOFILE, (64, 64))


def test_at_rest_nothing_wakes(tree):
    service = tree.add("a", log=LOGGER)
    tree.add("b", down=True)
    tree.start()
    for part in (service, service / "log"):
        trees.started(part)
    eventually(lambda: trees.is_supervised(tree.scan / "b"))
    everyone = [tree.svscan.pid, *processes.children(tree.svscan.pid)]
    settled = counts_at_rest(everyone)
    for _ in range(3):
        processes.finish(processes.module("svok", str(service)))
    assert [trees.wakeups(pid) for pid in everyone] == settled


def counts_at_rest(pids: list[int]) -> list[int]:
    """The wake-ups of these processes once each of them sleeps and the last start is past."""
    seen: list[list[int]] = []

    def unchanged() -> bool:
        seen.append([trees.wakeups(pid) for pid in pids])
        return len(seen) > 50 and seen[-1] == seen[-50]

    eventually(unchanged)
    return seen[-1]


def test_a_supervise_that_cannot_take_its_directory_waits(tree):
    service = tree.add("a")
    (service / "supervise").touch()
    tree.start("from supervise.machines import scanentries; scanentries.TROUBLE_PAUSE = 0.2")
    failure = "supervise: fatal: unable to acquire a/supervise/lock: not a directory"
    tree.hears(failure, times=2)
    (service / "supervise").unlink()
    trees.started(service)


def test_the_signals_that_end_the_careless(tree):
    """A reader of our warnings that has gone, and a limit on files, end neither of them."""
    service = tree.add("a")
    tree.start(
        """\
import os, resource
read_end, write_end = os.pipe()
os.dup2(write_end, 2)
os.close(read_end), os.close(write_end)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))"""
    )
    (tree.scan / "dangling").symlink_to("nowhere")
    eventually(lambda: trees.is_supervised(service))
    supervise = tree.supervise("supervise a")
    resource.prlimit(supervise, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    trees.control(service, b"c")
    trees.started(service)
    trees.kill(tree.svscan.pid, signal.SIGHUP)
    assert tree.supervise("supervise a") == supervise
    assert tree.stop() == 0
