"""A tree whose supervises are killed: what they supervised runs on, once, under the next."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from tests.support import processes, trees
from tests.support.patience import eventually


@pytest.fixture
def tree(tmp_path, background):
    return trees.Tree(tmp_path, background)


def replaced(tree: trees.Tree, title: str) -> int:
    """Kill a supervise and wait for the next one; its pid."""
    before = tree.supervise(title)
    assert before is not None
    trees.kill(before)
    eventually(lambda: tree.supervise(title) not in (None, before), f"{title} again")
    directory = tree.scan / title.removeprefix("supervise ")
    eventually(lambda: trees.is_supervised(directory), f"{title} ready")
    pid = tree.supervise(title)
    assert pid is not None
    return pid


def instances(tree: trees.Tree, word: str) -> list[int]:
    """The processes below svscan whose title has that word."""
    found = processes.descendants(tree.svscan.pid)
    return [pid for pid in found if word in processes.title(pid)]


def test_the_service_runs_on_under_the_next_supervise(tree):
    service = tree.add("a", "exec sleep 12345")
    tree.start(trees.QUICK)
    pid = trees.started(service)
    eventually(lambda: instances(tree, "12345") == [pid])
    before = trees.read(service)
    for _ in range(5):
        replaced(tree, "supervise a")
        assert trees.read(service) == before
        assert instances(tree, "12345") == [pid]
    trees.control(service, b"t")
    assert trees.started(service, other_than=pid)
    assert tree.said() == []
    assert tree.stop() == 0


@pytest.mark.parametrize("letters", [b"d", b"o"])
def test_what_was_wanted_is_still_wanted(tree, letters):
    service = tree.add("a", "exec sleep 12345")
    tree.start(trees.QUICK)
    trees.started(service)
    trees.control(service, letters)
    eventually(lambda: trees.read(service).want != b"u")
    replaced(tree, "supervise a")
    trees.control(service, b"k")
    assert trees.stopped(service).want == letters.replace(b"o", b"\0")
    assert tree.stop() == 0


def test_a_pause_that_was_published_and_not_yet_made_is_made_by_the_next(tree):
    service = tree.add("a", "exec sleep 12345")
    tree.start(trees.QUICK)
    pid = trees.started(service)
    trees.control(service, b"p")
    eventually(lambda: processes.state(pid) == "T")
    trees.kill(pid, signal.SIGCONT)  # as if it had been killed before the signal
    eventually(lambda: processes.state(pid) != "T")
    replaced(tree, "supervise a")
    eventually(lambda: processes.state(pid) == "T")
    assert trees.read(service).paused
    trees.control(service, b"c")
    eventually(lambda: processes.state(pid) != "T")
    assert tree.stop() == 0


def test_a_service_is_stopped_although_its_supervise_is_killed_meanwhile(tree):
    service = tree.add("a", "trap '' TERM; echo >ready; while :; do sleep 0.1; done")
    tree.start(trees.QUICK + "; scan.KILL_AFTER = 1.0")
    pid = trees.started(service)
    eventually((service / "ready").exists)
    supervise = tree.supervise("supervise a")
    tree.svscan.terminate()
    eventually(lambda: trees.read(service).want == b"d")
    trees.kill(supervise)
    assert tree.svscan.wait() == 0
    assert processes.state(pid) == "gone"


def test_no_line_is_lost_while_supervises_are_killed(tree):
    service = tree.add("a", trees.COUNTING, log=trees.LOGGER)
    tree.start(trees.QUICK)
    lines = service / "log/lines"
    eventually(lambda: len(trees.lines(lines)) > 100)
    order = random.Random(7)
    for _ in range(10):
        replaced(tree, order.choice(["supervise a", "supervise a/log"]))
        seen = len(trees.lines(lines))
        eventually(lambda seen=seen: len(trees.lines(lines)) > seen + 10, "lines go on")
    assert tree.stop() == 0
    assert trees.missing(lines) == []
    assert len({line.split()[0] for line in trees.lines(lines)}) == 1, "one process wrote them all"
    assert trees.lines(lines)[-1].endswith(" last")


def test_a_log_drains_although_its_supervise_is_killed_meanwhile(tree):
    waiting = "while [ ! -e go ]; do sleep 0.05; done\nexec cat >>lines"
    service = tree.add("a", "echo line; echo >written; exec sleep 12345", log=waiting)
    tree.start(trees.QUICK)
    trees.started(service / "log")
    eventually((service / "written").exists)
    tree.svscan.terminate()
    eventually(lambda: tree.supervise("supervise a") is None)
    replaced(tree, "supervise a/log")
    (service / "log/go").touch()
    assert tree.svscan.wait() == 0
    assert trees.lines(service / "log/lines") == ["line"]


def test_a_supervise_that_is_killed_in_the_middle_of_a_start(tree):
    """Wherever it is killed: never two, and never none for long."""
    service = tree.add("a", "echo $$ >>starts; exec sleep 12345")
    tree.start(trees.QUICK)
    order = random.Random(11)
    for _ in range(20):
        pid = trees.started(service)
        trees.kill(pid)
        for _ in range(order.randrange(2000)):
            os.getpid()
        supervise = tree.supervise("supervise a")
        if supervise is not None:
            trees.kill(supervise)
        trees.started(service, other_than=pid)
        assert len(instances(tree, "12345")) <= 1
    assert tree.stop() == 0
    assert processes.descendants(os.getpid()) == []


# svscan is killed, and started again.


def lines_go_on_under_another_logger(service: Path, logger: int) -> None:
    trees.control(service / "log", b"t")
    assert trees.started(service / "log", other_than=logger)
    seen = len(trees.lines(service / "log/lines"))
    eventually(lambda: len(trees.lines(service / "log/lines")) > seen, "lines go on")


def start_again(tree: trees.Tree, changes: str = "") -> None:
    """Kill svscan alone, and start the next one over the same directory."""
    trees.kill(tree.svscan.pid)
    tree.svscan.wait()
    tree.start(trees.QUICK + changes)


def test_the_next_svscan_takes_over_what_runs(tree):
    service = tree.add("a", trees.COUNTING, log=trees.LOGGER)
    tree.start(trees.QUICK)
    lines = service / "log/lines"
    eventually(lambda: len(trees.lines(lines)) > 100)
    directories = [service, service / "log"]
    before = [trees.read(directory) for directory in directories]
    for _ in range(3):
        start_again(tree)
        new = tree.add(f"new{random.random()}")
        trees.started(new)
        assert [trees.read(directory) for directory in directories] == before
        seen = len(trees.lines(lines))
        eventually(lambda seen=seen: len(trees.lines(lines)) > seen + 10, "lines go on")
    assert tree.stop() == 0
    assert trees.missing(lines) == []
    assert trees.lines(lines)[-1].endswith(" last")
    assert tree.said() == []


def test_what_was_taken_over_is_replaced_when_it_is_killed(tree):
    service = tree.add("a", "exec sleep 12345")
    tree.start(trees.QUICK)
    pid = trees.started(service)
    supervise = tree.supervise("supervise a")
    start_again(tree)
    new = tree.add("b")
    trees.started(new)
    assert supervise is not None
    trees.kill(supervise)
    eventually(lambda: tree.supervise("supervise a"))
    eventually(lambda: trees.is_supervised(service))
    assert trees.read(service).pid == pid
    trees.control(service, b"t")
    assert trees.started(service, other_than=pid)
    assert tree.stop() == 0


def test_a_log_that_appears_when_its_supervise_was_taken_over(tree):
    service = tree.add("a", trees.COUNTING)
    tree.start(trees.QUICK)
    pid = trees.started(service)
    start_again(tree)
    trees.started(tree.add("b"))
    trees.make_service(service / "log", trees.LOGGER)
    trees.started(service / "log")
    eventually(lambda: tree.supervise("supervise a"))
    eventually(lambda: trees.is_supervised(service))
    trees.control(service, b"t")
    assert trees.started(service, other_than=pid)
    eventually(lambda: len(trees.lines(service / "log/lines")) > 10)
    assert tree.stop() == 0


def test_a_second_svscan_takes_nothing_from_the_first(tree, tmp_path):
    service = tree.add("a", "exec sleep 12345")
    first = tree.start(trees.QUICK)
    pid = trees.started(service)
    supervise = tree.supervise("supervise a")
    second = tree.start(trees.QUICK + "; scanentries.TROUBLE_PAUSE = 0.1")
    unable = "supervise: fatal: unable to acquire a/supervise/lock: temporary failure"
    tree.hears(unable, times=3)
    assert tree.stop() == 0
    assert (trees.running(service), second.returncode) == (pid, 0)
    tree.svscan = first
    assert tree.supervise("supervise a") == supervise
    assert tree.stop() == 0


def test_a_taken_over_service_that_does_not_stop_is_killed(tree):
    service = tree.add("a", "trap '' TERM; echo >ready; while :; do sleep 0.1; done")
    tree.start(trees.QUICK)
    pid = trees.started(service)
    eventually((service / "ready").exists)
    trees.kill(tree.svscan.pid)
    tree.svscan.wait()
    tree.start(trees.QUICK + "; scan.KILL_AFTER = 0.3")
    trees.started(tree.add("b"))
    assert tree.stop() == 0
    eventually(lambda: processes.state(pid) in ("Z", "gone"))


def test_a_log_that_appeared_while_no_svscan_was_there(tree):
    service = tree.add("a", trees.COUNTING)
    tree.start(trees.QUICK)
    pid = trees.started(service)
    trees.kill(tree.svscan.pid)
    tree.svscan.wait()
    trees.make_service(service / "log", trees.LOGGER)
    tree.start(trees.QUICK)
    trees.started(service / "log")
    eventually(lambda: tree.supervise("supervise a"))
    assert trees.started(service) == pid
    trees.control(service, b"t")
    assert trees.started(service, other_than=pid)
    eventually(lambda: len(trees.lines(service / "log/lines")) > 10)
    assert tree.stop() == 0


def test_supervises_that_say_late_that_their_svscan_is_gone(tree):
    """The next svscan has made a pipe by then."""
    service = tree.add("a", trees.COUNTING, log=trees.LOGGER)
    tree.start(trees.QUICK)
    pid, logger = trees.started(service), trees.started(service / "log")
    supervises = [tree.supervise(f"supervise {name}") for name in ("a", "a/log")]
    assert None not in supervises
    for supervise in supervises:
        trees.kill(supervise, signal.SIGSTOP)
    start_again(tree, "; scanentries.TROUBLE_PAUSE = 0.1")
    for name in ("a", "a/log"):
        tree.hears(f"supervise: fatal: unable to acquire {name}/supervise/lock: temporary failure")
    for supervise in supervises:
        trees.kill(supervise, signal.SIGCONT)
    for directory in (service, service / "log"):
        eventually(lambda directory=directory: trees.is_taken_over(directory))
    trees.kill(supervises[1])
    eventually(lambda: tree.supervise("supervise a/log"))
    eventually(lambda: trees.is_supervised(service / "log"))
    lines_go_on_under_another_logger(service, logger)
    assert trees.started(service) == pid
    assert tree.stop() == 0


def test_a_second_svscan_takes_nothing_that_the_first_has_taken_over(tree):
    service = tree.add("a", "exec sleep 12345")
    tree.start(trees.QUICK)
    pid = trees.started(service)
    start_again(tree)
    trees.started(tree.add("b"))
    first = tree.svscan
    second = tree.start(trees.QUICK + "; scanentries.TROUBLE_PAUSE = 0.1")
    tree.hears("supervise: fatal: unable to acquire a/supervise/lock: temporary failure", times=3)
    assert tree.stop() == 0
    assert (trees.running(service), second.returncode) == (pid, 0)
    tree.svscan = first
    assert tree.stop() == 0


def test_the_pipe_is_found_although_all_supervises_are_killed_with_svscan(tree):
    service = tree.add("a", trees.COUNTING, log=trees.LOGGER)
    tree.start(trees.QUICK)
    pid, logger = trees.started(service), trees.started(service / "log")
    supervises = [tree.supervise(f"supervise {name}") for name in ("a", "a/log")]
    trees.kill(tree.svscan.pid)
    for supervise in supervises:
        assert supervise is not None
        trees.kill(supervise)
    tree.svscan.wait()
    tree.start(trees.QUICK)
    for directory in (service, service / "log"):
        eventually(lambda directory=directory: trees.is_supervised(directory))
    lines_go_on_under_another_logger(service, logger)
    assert trees.started(service) == pid
    assert tree.stop() == 0


def test_a_name_that_is_gone_when_its_supervise_is_to_be_replaced(tree):
    """There is nowhere to put another; svscan goes on without it, and can be stopped."""
    service = tree.add("a", "exec sleep 12345")
    tree.start("from supervise.machines import scan; scan.RESTART_PAUSE = 2.0")
    pid = trees.started(service)
    supervise = tree.supervise("supervise a")
    assert supervise is not None
    trees.kill(supervise)
    service.rename(tree.elsewhere / "a")
    trees.started(tree.add("b"))
    assert tree.stop() == 0
    trees.kill(pid)
