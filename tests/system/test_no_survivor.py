"""Whatever a service leaves behind is killed with it, where a file kill-all asks for that."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from supervise.drivers.descendants import VARIABLE
from tests.support import adversary, cgroups, processes, trees
from tests.support.patience import eventually

MODES = [pytest.param("cgroup", marks=cgroups.needed), "sweep"]
WITHOUT_CGROUPS = "\nfrom supervise.unix import cgroups; cgroups.own = lambda: None"
KINDS = ["quiet", "unmarked", "watchful", "restless"]
NUMBER = 5


class Besieged(trees.Tree):
    """A scan directory, and an adversary in it."""

    def __init__(self, folder, background, mode: str) -> None:
        super().__init__(folder, background)
        self.mode = mode
        self.left = folder / "left"
        self.left.mkdir()
        self.bystander = self.add("b", log=trees.LOGGER)

    def begin(self, kind: str, changes: str = trees.QUICK, before: str = "") -> Path:
        """Start svscan and wait until the adversary has left all that it leaves; its service."""
        words = [sys.executable, adversary.__file__, str(self.left), kind, str(NUMBER)]
        run = f"{before}\nexec {' '.join(words)}"
        service = trees.make_service(self.elsewhere / "a", run, log=trees.LOGGER)
        (service / "kill-all").touch()
        service.rename(self.scan / "a")
        self.start(changes + WITHOUT_CGROUPS * (self.mode == "sweep"))
        eventually(lambda: len(self.there()) >= NUMBER, "all are left")
        for directory in (self.bystander, self.bystander / "log", self.scan / "a/log"):
            trees.started(directory)
        return self.scan / "a"

    def there(self) -> list[int]:
        return [int(name) for name in os.listdir(self.left)]

    def others(self) -> list[int]:
        """All that are below us and are neither svscan's own nor known to be innocent."""
        services = [self.bystander, self.bystander / "log", self.scan / "a/log"]
        known = {self.svscan.pid, *processes.children(self.svscan.pid)}
        supervises = {pid for pid in known if processes.title(pid).startswith("supervise ")}
        innocent = {trees.read(service).pid for service in services} | supervises
        below = processes.descendants(os.getpid())
        return [pid for pid in below if pid not in innocent | {self.svscan.pid}]


@pytest.fixture(params=MODES)
def tree(request, tmp_path, background):
    yield Besieged(tmp_path, background, request.param)
    assert groups_of(tmp_path) == []


def groups_of(folder: Path) -> list[str]:
    """The control groups of all directories there, which have its identity in their names; others
    may make theirs meanwhile."""
    about = [os.stat(directory) for directory, _, _ in os.walk(folder)]
    ours = {f"{each.st_dev:x}.{each.st_ino:x}" for each in about}
    return [name for name in cgroups.of_services() if name.partition(".")[2] in ours]


def innocents(tree: Besieged) -> list[int | None]:
    return [trees.running(tree.bystander), trees.running(tree.bystander / "log")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("letters", [b"dk", b"d"])
def test_nobody_is_left_of_a_service_that_is_down(tree, kind, letters):
    service = tree.begin(kind)
    before = [*innocents(tree), trees.running(service / "log")]
    trees.control(service, letters)
    assert trees.stopped(service).want == b"d"
    eventually(lambda: not tree.others(), f"nobody left; {tree.others()}")
    assert [*innocents(tree), trees.running(service / "log")] == before
    assert tree.stop() == 0
    assert tree.said() == []


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_is_left_when_the_tree_is_stopped(tree, kind):
    tree.begin(kind)
    assert tree.stop() == 0
    assert processes.descendants(os.getpid()) == []
    assert tree.said() == []


def test_nobody_is_left_of_one_that_is_deaf_itself(tree):
    tree.begin("watchful", trees.IMPATIENT, before="trap '' TERM")
    assert tree.stop() == 0
    assert processes.descendants(os.getpid()) == []


def test_nobody_is_left_when_supervise_is_told_to_leave(tree):
    """As svc -dx does to one whose name is gone: svscan does not start it again."""
    service = tree.begin("watchful")
    for directory in (tree.bystander, service):
        directory.rename(tree.elsewhere / directory.name)
    moved = tree.elsewhere / "a"
    trees.control(moved, b"dx")
    eventually(lambda: not trees.is_supervised(moved), "left")
    eventually(lambda: "supervise a" not in tree.supervises())
    assert [pid for pid in tree.there() if not trees.ended(pid)] == []
    trees.control(tree.elsewhere / "b", b"dx")
    trees.control(tree.elsewhere / "b/log", b"dx")
    assert tree.stop() == 0


@pytest.mark.parametrize("kind", ["quiet", "watchful"])
def test_nobody_of_one_run_is_there_when_the_next_one_starts(tree, kind):
    """So that nobody holds its port."""
    look = f"ls {tree.left} | while read pid; do kill -0 $pid && echo $pid >>{tree.elsewhere}/alive"
    service = tree.begin(kind, before=f"{look}; done 2>/dev/null")
    for _ in range(3):
        pid, number = trees.started(service), len(tree.there())
        trees.control(service, b"t")
        trees.started(service, other_than=pid)
        eventually(lambda number=number: len(tree.there()) >= number + NUMBER)
    assert trees.lines(tree.elsewhere / "alive") == []
    assert tree.stop() == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nobody_is_left_although_its_supervise_was_killed(tree, kind, number):
    if (tree.mode, kind) == ("sweep", "unmarked"):
        pytest.skip("cannot be known from others that svscan inherits; README says so")
    service = tree.begin(kind)
    before = innocents(tree)
    supervise = tree.supervise("supervise a")
    trees.kill(supervise)
    eventually(lambda: tree.supervise("supervise a") not in (None, supervise))
    eventually(lambda: trees.is_supervised(service))
    trees.control(service, b"d")
    trees.control(service, b"k" if number == signal.SIGKILL else b"c")
    trees.stopped(service)
    eventually(lambda: not tree.others(), f"nobody left; {tree.others()}")
    assert innocents(tree) == before
    assert tree.stop() == 0
    assert tree.said() == []


def test_without_the_file_they_stay_and_know_nothing(tree):
    service = tree.begin("quiet")
    (service / "kill-all").unlink()
    pid, before = trees.started(service), set(tree.there())
    trees.control(service, b"t")
    trees.started(service, other_than=pid)
    eventually(lambda: len(tree.there()) >= 2 * NUMBER)
    alive = [pid for pid in tree.there() if not trees.ended(pid)]
    assert len(alive) == 2 * NUMBER
    for unmarked in set(alive) - before:
        assert VARIABLE.encode() not in Path(f"/proc/{unmarked}/environ").read_bytes()
    (service / "kill-all").touch()
    trees.control(service, b"k")
    eventually(lambda: all(trees.ended(pid) for pid in alive))
    assert tree.stop() == 0
