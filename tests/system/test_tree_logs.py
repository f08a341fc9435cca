"""Real trees: what a service writes reaches its log, whoever dies."""

from __future__ import annotations

import os

import pytest

from tests.support import processes, trees
from tests.support.patience import eventually
from tests.support.trees import COUNTING, LOGGER, Tree, lines


@pytest.fixture
def tree(tmp_path, background):
    return Tree(tmp_path, background)


def test_what_a_service_wrote_waits_for_its_logger(tree):
    service = tree.add("a", "seq 1 1000; exec sleep 10000", log=trees.SLEEP)
    tree.start(f"{trees.QUICK}\n{trees.IMPATIENT}")
    main, log = trees.started(service), trees.started(service / "log")
    eventually(lambda: processes.title(main) == "sleep 10000", "all is written")
    trees.write_script(service / "log/run", LOGGER)
    trees.kill(main)
    trees.kill(tree.supervise("supervise a"))  # while it waits to restart, or just after it has
    trees.kill(tree.supervise("supervise a/log"))
    trees.kill(log)
    trees.started(service / "log", other_than=log)
    eventually(lambda: len(lines(service / "log/lines")) >= 1000)
    assert lines(service / "log/lines")[:1000] == [str(number) for number in range(1, 1001)]
    for pid in processes.children(os.getpid()):  # a service whose supervise was killed
        if pid != tree.svscan.pid:
            trees.kill(pid)


def test_a_stream_of_lines_survives_the_death_of_its_service(tree):
    service = tree.add("a", COUNTING, log=LOGGER)
    tree.start(trees.QUICK)
    log = service / "log/lines"
    pid = None
    for _ in range(3):
        pid = trees.started(service, other_than=pid)
        eventually(lambda pid=pid: f"{pid} 1\n" in (log.read_text() if log.exists() else ""))
        trees.kill(pid)
    assert tree.stop() == 0
    assert trees.missing(log) == []


def test_what_ps_shows(tree):
    service = tree.add("smtpd", log="exec multilog ./main")
    tree.start()
    trees.started(service)
    logger = trees.started(service / "log")
    assert tree.supervises() == ["supervise smtpd", "supervise smtpd/log"]
    eventually(lambda: processes.title(logger) == "multilog ./main", processes.title(logger))
    assert "python" in os.readlink(f"/proc/{logger}/exe"), "called in place, not exec'ed"
    assert processes.children(logger) == []


def test_a_log_that_is_a_file_is_told_once_and_starts_when_it_is_a_directory(tree):
    service = tree.add("a", "echo hello; exec sleep 10000")
    (service / "log").touch()
    tree.start(f"{trees.QUICK}\nfrom supervise.drivers import scandir; scandir.LOOK_AGAIN = 0.1")
    warning = "svscan: warning: unable to start a/log: not a directory"
    tree.hears("hello")
    tree.hears(warning)
    seen = trees.wakeups(tree.svscan.pid)
    eventually(lambda: trees.wakeups(tree.svscan.pid) > seen + 2, "looked again")
    (service / "log").unlink()
    trees.make_service(service / "log", LOGGER)
    trees.started(service / "log")
    eventually(lambda: lines(service / "log/lines") == ["hello"], "a young service is restarted")
    assert tree.said().count(warning) == 1


def test_an_old_service_keeps_its_output_until_it_is_restarted(tree):
    service = tree.add("a", "echo hello; exec sleep 10000")
    tree.start(f"{trees.QUICK}; service.YOUNG = 0.0")
    pid = trees.started(service)
    tree.hears("hello")
    trees.make_service(service / "log", LOGGER)
    trees.started(service / "log")
    assert trees.running(service) == pid
    trees.control(service, b"t")
    trees.started(service, other_than=pid)
    eventually(lambda: lines(service / "log/lines") == ["hello"])
    assert tree.said() == ["hello"]
