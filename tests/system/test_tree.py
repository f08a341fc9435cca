"""Real trees: services come, change and go."""

from __future__ import annotations

import os
import signal

import pytest

from tests.support import processes, trees
from tests.support.patience import PATIENCE, eventually
from tests.support.trees import COUNTING, LOGGER, Tree, lines

# A poll that would come only after the test's patience: what happens, happens by events.
NO_POLL = (
    f"{trees.QUICK}\nfrom supervise.drivers import scandir; scandir.LOOK_AGAIN = {2 * PATIENCE}"
)
SOON = "from supervise.drivers import scandir; scandir.LOOK_AGAIN = 0.1"
NO_INOTIFY = """\
import errno
from supervise.drivers import scandir
from supervise.unix import linux
scandir.LOOK_AGAIN = 0.1
def inotify_init():
    raise OSError(errno.ENOSYS, "")
linux.inotify_init = inotify_init"""

UNREADABLE = (
    f"{trees.QUICK}\n{trees.NO_SUCCESSOR}\n"
    + """\
import errno, os
from supervise.drivers import scandir
scandir.LOOK_AGAIN = 0.1
listdir = os.listdir
def failing(path):
    if path == "." and os.path.exists("../unreadable"):
        raise OSError(errno.EIO, "")
    return listdir(path)
os.listdir = failing"""
)


@pytest.fixture
def tree(tmp_path, background):
    return Tree(tmp_path, background)


def test_a_service_that_is_linked_is_up_at_once(tree):
    tree.start(NO_POLL)
    eventually(lambda: processes.title(tree.svscan.pid))
    (tree.scan / "a").symlink_to(trees.make_service(tree.elsewhere / "sv"))
    trees.started(tree.scan / "a")
    assert tree.stop() == 0
    assert tree.said() == []


def test_what_is_there_at_the_start_is_started(tree):
    tree.add("a")
    tree.add("b", log=LOGGER)
    (tree.scan / "file").touch()
    make_hidden = trees.make_service(tree.scan / ".hidden")
    tree.start(NO_POLL)
    for service in ("a", "b", "b/log"):
        trees.started(tree.scan / service)
    assert tree.supervises() == ["supervise a", "supervise b", "supervise b/log"]
    assert not (make_hidden / "supervise").exists()


def test_without_inotify_the_directory_is_read_again_and_again(tree):
    tree.start(NO_INOTIFY)
    tree.hears("svscan: warning: unable to watch directory: system call not available")
    tree.add("a")
    trees.started(tree.scan / "a")
    trees.make_service(tree.scan / "a/log", LOGGER)
    trees.started(tree.scan / "a/log")


def test_a_name_that_is_no_text(tree):
    service = tree.add(os.fsdecode(b"caf\xe9"))
    tree.start()
    trees.started(service)
    assert tree.supervises() == [r"supervise caf\xe9"]
    assert tree.said() == []


def test_a_dangling_link_is_told_once_and_started_when_it_leads_somewhere(tree):
    tree.start(SOON)
    target = tree.elsewhere / "sv"
    (tree.scan / "a").symlink_to(target)
    warning = "svscan: warning: unable to stat a: file does not exist"
    tree.hears(warning)
    before = trees.wakeups(tree.svscan.pid)
    eventually(lambda: trees.wakeups(tree.svscan.pid) > before + 2, "looked again")
    trees.make_service(target)
    trees.started(target)
    assert tree.said() == [warning]


def test_a_dangling_link_is_watched_to_where_it_breaks_off(tree):
    tree.start(NO_POLL)
    (tree.scan / "a").symlink_to("../elsewhere/current")
    tree.hears("svscan: warning: unable to stat a: file does not exist")
    (tree.elsewhere / "current").symlink_to("one")
    trees.started(trees.make_service(tree.elsewhere / "one"))


def test_a_link_on_the_way_that_is_pointed_elsewhere(tree):
    one = trees.make_service(tree.elsewhere / "one")
    two = trees.make_service(tree.elsewhere / "two")
    (tree.elsewhere / "current").symlink_to("one")
    (tree.scan / "a").symlink_to("../elsewhere/current")
    tree.start(NO_POLL)
    trees.started(one)
    (tree.elsewhere / "new").symlink_to("two")
    (tree.elsewhere / "new").rename(tree.elsewhere / "current")
    trees.started(two)
    trees.started(one)  # it is only told to stop by a user
    trees.control(one, b"dx")
    eventually(lambda: tree.supervises() == ["supervise a"])
    trees.started(two)


def test_a_renamed_service_goes_on_and_is_restarted_by_its_new_name(tree):
    service = tree.add("a")
    tree.start(NO_POLL)
    pid = trees.started(service)
    renamed = service.rename(tree.scan / "b")
    assert trees.running(renamed) == pid
    trees.control(renamed, b"dx")
    eventually(lambda: tree.supervise("supervise b"))
    trees.started(renamed, other_than=pid)
    assert tree.supervises() == ["supervise b"]


def test_two_names_for_one_directory_are_one_service(tree):
    service = trees.make_service(tree.elsewhere / "sv")
    (tree.scan / "a").symlink_to(service)
    (tree.scan / "b").symlink_to(service)
    tree.start(NO_POLL)
    pid = trees.started(service)
    (first,) = tree.supervises()
    (tree.scan / first.removeprefix("supervise ")).unlink()  # the other name is enough
    trees.control(service, b"dx")
    trees.started(service, other_than=pid)
    assert tree.supervises() == [{"supervise a": "supervise b"}.get(first, "supervise a")]
    trees.make_service(service / "log", LOGGER)
    trees.started(service / "log")
    assert tree.said() == []


def test_a_service_whose_name_is_gone_runs_until_it_is_told_to_leave(tree):
    service = tree.add("a", COUNTING, log=LOGGER)
    tree.start(NO_POLL)
    other = tree.add("b")
    trees.started(other)
    trees.started(service)
    eventually(lambda: lines(service / "log/lines"))
    hidden = service.rename(tree.scan / ".a")
    trees.control(hidden, b"dx")
    eventually(lambda: tree.supervises() == ["supervise b"], "the logger read to the end and left")
    assert trees.missing(hidden / "log/lines") == []
    assert (hidden / "log/lines").read_text().endswith(" last\n")
    own_and_that_of_b = ["anon_inode", "pipe", "pipe", "socket"]
    eventually(lambda: kinds_open(tree.svscan.pid) == own_and_that_of_b, "all else closed")
    assert tree.said() == []


def kinds_open(pid: int) -> list[str]:
    """What is open that is no file, by kind."""
    found = trees.descriptors(pid).values()
    return sorted(what.partition(":")[0] for what in found if ":" in what)


def test_a_name_that_comes_back_while_the_logger_still_reads(tree):
    service = tree.add("a", log=trees.SLEEP)  # it never sees the end
    tree.start(f"{NO_POLL}\n{trees.IMPATIENT}")
    main, log = trees.started(service), trees.started(service / "log")
    pipes = len(trees.pipes(tree.svscan.pid))
    hidden = service.rename(tree.scan / ".a")
    trees.control(hidden, b"dx")
    eventually(lambda: len(trees.pipes(tree.svscan.pid)) < pipes, "svscan's writing end closed")
    hidden.rename(service)
    trees.control(service / "log", b"d")
    trees.started(service, other_than=main)
    trees.started(service / "log", other_than=log)
    assert tree.supervises() == ["supervise a", "supervise a/log"]


def test_a_directory_replaced_by_another_of_its_name(tree):
    service = tree.add("a")
    new = trees.make_service(tree.elsewhere / "new")
    tree.start(NO_POLL)
    pid = trees.started(service)
    old = service.rename(tree.elsewhere / "old")
    new.rename(service)
    assert trees.started(service) != pid
    assert trees.running(old) == pid
    assert tree.supervises() == ["supervise a", "supervise a"]


def test_thirty_services_and_their_loggers(tree):
    services = [tree.add(f"s{number}", log=LOGGER) for number in range(30)]
    tree.start(NO_POLL)
    for service in services:
        trees.started(service)
        trees.started(service / "log")
    assert len(tree.supervises()) == 60
    assert tree.stop() == 0
    assert tree.said() == []


def test_the_scan_directory_cannot_be_read_for_a_while(tree):
    service = tree.add("a")
    tree.start(UNREADABLE)
    pid = trees.started(service)
    (tree.scan / "../unreadable").touch()
    tree.svscan.send_signal(signal.SIGHUP)
    tree.hears("svscan: warning: unable to read directory: input/output error")
    trees.kill(pid)
    trees.started(service, other_than=pid)
    (tree.scan / "../unreadable").unlink()
    trees.started(tree.add("b"))
    assert len(tree.said()) == 1
