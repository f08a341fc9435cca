"""svscan becomes the version that is installed by then: nothing is restarted, and nothing lost."""

from __future__ import annotations

import os
import random
import resource
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support import processes, trees
from tests.support.packages import Package, when_resumed
from tests.support.patience import eventually
from tests.support.trees import COUNTING, LOGGER

UP = "svscan: the new one"
COUNTING_SLOWLY = COUNTING.replace("echo $$ $number;", "echo $$ $number; sleep 0.01;")
UNABLE = "svscan: warning: unable to re-execute, going on as before: "


@pytest.fixture
def tree(tmp_path, background):
    return trees.Tree(tmp_path, background)


@pytest.fixture
def package(tmp_path):
    return Package(tmp_path / "root")


def start(tree: trees.Tree, package: Package, changes: str = "", **options: object) -> None:
    tree.start(changes, env=package.environment, **options)


def upgrade(tree: trees.Tree, package: Package, number: int = 1) -> None:
    """Install a version that says who it is when it is the one, and wait for it."""
    package.append(when_resumed(f"os.write(2, b'{UP} {number}\\n')"))
    tree.svscan.send_signal(signal.SIGHUP)
    tree.hears(f"{UP} {number}")


def rehearsing(tree: trees.Tree) -> int | None:
    """The process of a rehearsal."""
    children = processes.children(tree.svscan.pid)
    return next((pid for pid in children if "--rehearse" in processes.title(pid)), None)


def supervises_of(tree: trees.Tree) -> list[int]:
    """Those below svscan, beside the services that they have adopted."""
    children = processes.children(tree.svscan.pid)
    return [pid for pid in children if processes.title(pid).startswith("supervise ")]


def everybody(tree: trees.Tree) -> list[int]:
    return sorted(processes.descendants(tree.svscan.pid))


def renewed(tree: trees.Tree, supervises: set[int | None]) -> None:
    """Wait until others are in the place of these."""
    assert None not in supervises
    eventually(lambda: all(pid is not None and trees.ended(pid) for pid in supervises), "made way")

    eventually(lambda: len(supervises_of(tree)) == len(supervises), "and are there again")


def test_the_new_version_takes_the_place_of_the_old_one(tree, package):
    service = tree.add("a", log=LOGGER)
    start(tree, package, trees.QUICK)
    pid, logger = trees.started(service), trees.started(service / "log")
    before, shown = trees.read(service), processes.title(tree.svscan.pid)
    name = Path(f"/proc/{tree.svscan.pid}/comm").read_text()
    supervises = {tree.supervise("supervise a"), tree.supervise("supervise a/log")}
    upgrade(tree, package)
    renewed(tree, supervises)
    eventually(lambda: len(everybody(tree)) == 4, "and no rehearsal any more")
    assert (trees.read(service), trees.started(service / "log")) == (before, logger)
    eventually(lambda: processes.title(tree.svscan.pid) == shown)
    eventually(lambda: Path(f"/proc/{tree.svscan.pid}/comm").read_text() == name)
    trees.started(tree.add("b"))
    trees.control(service, b"t")
    trees.started(service, other_than=pid)
    supervise = tree.supervise("supervise a")
    assert supervise is not None
    trees.kill(supervise)
    eventually(lambda: tree.supervise("supervise a") not in (None, supervise))
    assert tree.stop() == 0
    assert tree.said() == [f"{UP} 1"]


def test_every_command_is_obeyed_once_all_the_while(tree, package):
    heard = "trap 'echo heard >>heard' ALRM; echo >ready; while :; do sleep 0.01; done"
    service = tree.add("a", heard)
    start(tree, package)
    pid = trees.started(service)
    eventually((service / "ready").exists)
    number = 0
    for version in range(3):
        supervise = tree.supervise("supervise a")
        package.append(when_resumed(f"os.write(2, b'{UP} {version}\\n')"))
        tree.svscan.send_signal(signal.SIGHUP)
        while tree.supervise("supervise a") == supervise:
            assert trees.is_supervised(service), "svstat says so too"
            trees.control(service, b"a")
            number += 1
            eventually(lambda wanted=number: len(trees.lines(service / "heard")) >= wanted)
    assert trees.lines(service / "heard") == number * ["heard"]
    assert trees.started(service) == pid
    assert tree.stop() == 0


def test_supervises_are_of_the_new_version_too(tree, package):
    """What they call in place when they start a service next is."""
    service = tree.add("a", "exec argv0 sleep sleep 10000")
    start(tree, package, trees.QUICK)
    pid = trees.started(service)
    eventually(lambda: processes.title(pid) == "sleep 10000", "it has loaded what it calls")
    supervise = tree.supervise("supervise a")
    package.append("\nNEW = 'new'\n", "program.py")
    package.append("\nassert program.NEW == 'new'\n", "commands/argv0.py")
    upgrade(tree, package)
    renewed(tree, {supervise})
    trees.control(service, b"t")
    eventually(lambda: processes.title(trees.started(service, other_than=pid)) == "sleep 10000")
    assert tree.stop() == 0
    assert tree.said() == [f"{UP} 1"]


def test_what_is_wanted_stays_wanted(tree, package):
    down, paused, once = tree.add("a"), tree.add("b"), tree.add("c")
    start(tree, package, trees.QUICK)
    for service, letters in ((down, b"d"), (paused, b"p"), (once, b"o")):
        pid = trees.started(service)
        eventually(lambda pid=pid: processes.title(pid) == "sleep 10000")
        trees.control(service, letters)
    trees.stopped(down)
    eventually(lambda: trees.read(paused).paused and trees.read(once).want == b"\0")
    before = [trees.read(service) for service in (down, paused, once)]
    supervises = {tree.supervise(f"supervise {name}") for name in "abc"}
    upgrade(tree, package)
    renewed(tree, supervises)
    assert [trees.read(service) for service in (down, paused, once)] == before
    trees.control(down, b"u")
    trees.started(down)
    assert tree.stop() == 0


@pytest.mark.timeout(200)
def test_no_line_is_lost_however_often(tree, package):
    service = tree.add("a", COUNTING, log=LOGGER)
    start(tree, package, trees.QUICK)
    before = [trees.started(service), trees.started(service / "log")]
    for number in range(20):
        upgrade(tree, package, number)
        assert (trees.is_supervised(service), trees.is_supervised(service / "log")) == (True, True)
    eventually(lambda: len(everybody(tree)) == 4)
    assert [trees.started(service), trees.started(service / "log")] == before
    log = service / "log/lines"
    length = len(trees.lines(log))
    eventually(lambda: len(trees.lines(log)) > length)
    assert tree.stop() == 0
    assert trees.missing(log) == []
    assert trees.lines(log)[-1].endswith(" last")


@pytest.mark.timeout(200)
def test_supervises_that_are_killed_at_any_moment_of_it(tree, package):
    services = [tree.add(name, COUNTING_SLOWLY, log=LOGGER) for name in "abc"]
    start(tree, package, trees.QUICK)
    before = [trees.started(service) for service in services]
    chance = random.Random(7)
    for number in range(6):
        package.append(when_resumed(f"os.write(2, b'{UP} {number}\\n')"))
        tree.svscan.send_signal(signal.SIGHUP)
        while f"{UP} {number}" not in tree.said():
            supervises = supervises_of(tree)
            if supervises:
                trees.kill(chance.choice(supervises))
    for service in services:
        eventually(lambda service=service: trees.is_supervised(service))
    assert [trees.started(service) for service in services] == before
    eventually(lambda: len(supervises_of(tree)) == 6, "two for each")
    assert tree.stop() == 0
    assert [trees.missing(service / "log/lines") for service in services] == [[], [], []]
    assert [line for line in tree.said() if not line.startswith(UP)] == []


BROKEN = {
    "syntax": ("def", "SyntaxError: invalid syntax"),
    "import": (
        "import supervise.drivers.nowhere",
        "ModuleNotFoundError: No module named 'supervise.drivers.nowhere'",
    ),
    "silence": ("import os; os._exit(0)", "no answer"),
    "killed": ("import os; os.kill(os.getpid(), 9)", "no answer"),
    "state": (
        "from supervise.formats import handover as said; said.VERSION = 2",
        "unable to read state: protocol error",
    ),
    "trouble": (
        "def go_on(*words): raise errors.Failure('unable to think')",
        "unable to think",
    ),
    "talk": (
        "print('svscan: understood 00000000\\x1b', flush=True); import os; os._exit(0)",
        "svscan: understood 00000000?",
    ),
    "hang": ("import time; time.sleep(10000)", "timed out"),
}
IMPATIENT = "from supervise.machines import succession; succession.LIMIT = {limit}"


@pytest.mark.parametrize("how", BROKEN)
def test_of_a_broken_version_the_old_one_tells_and_goes_on(tree, package, how):
    service = tree.add("a")
    limit = 0.5 if how == "hang" else 100.0
    start(tree, package, f"{trees.QUICK}\n{IMPATIENT.format(limit=limit)}")
    pid, before = trees.started(service), everybody(tree)
    text, reason = BROKEN[how]
    package.append(f"\n{text}\n")
    tree.svscan.send_signal(signal.SIGHUP)
    tree.hears(UNABLE + reason)
    eventually(lambda: everybody(tree) == before, "the rehearsal is gone")
    trees.started(tree.add("b"))
    trees.control(service, b"t")
    trees.started(service, other_than=pid)
    assert tree.said() == [UNABLE + reason]
    if how != "hang":
        upgrade(tree, package)
        trees.started(tree.add("c"))
    assert tree.stop() == 0


def test_without_an_interpreter_the_old_one_goes_on(tree, package):
    service = tree.add("a")
    start(tree, package, "sys.executable = '/nonexistent/python'")
    trees.started(service)
    tree.svscan.send_signal(signal.SIGHUP)
    tree.hears(f"{UNABLE}file does not exist")
    trees.started(tree.add("b"))
    assert tree.stop() == 0


NO_EXEC = """\
import errno
from supervise.unix import linux
def refuse(*words):
    raise OSError(errno.ENOMEM, "")
linux.execve = refuse"""


def test_an_exec_that_fails_after_all_changes_nothing(tree, package):
    """Descriptors that the new one would have had are no services' again."""
    service = tree.add("a", log=LOGGER)
    start(tree, package, f"{trees.QUICK}\n{NO_EXEC}")
    trees.started(service)
    tree.svscan.send_signal(signal.SIGHUP)
    tree.hears(f"{UNABLE}out of memory")
    pid = trees.started(tree.add("b"))
    eventually(lambda: set(trees.descriptors(pid)) == {0, 1, 2})
    tree.svscan.send_signal(signal.SIGTERM)
    assert tree.svscan.wait() == 0


def test_everything_goes_on_during_the_rehearsal(tree, package):
    service = tree.add("a")
    start(tree, package, trees.QUICK)
    pid = trees.started(service)
    package.replace("import time; time.sleep(10000)")
    tree.svscan.send_signal(signal.SIGHUP)
    rehearsal = eventually(lambda: rehearsing(tree))
    trees.control(service, b"t")
    trees.started(service, other_than=pid)
    trees.started(tree.add("b"))
    tree.svscan.send_signal(signal.SIGHUP)
    eventually(lambda: trees.ended(rehearsal), "another HUP, another rehearsal")
    other = eventually(lambda: rehearsing(tree))
    assert tree.stop() == 0
    eventually(lambda: trees.ended(other), "who stops needs no successor")
    assert tree.said() == []


def between(tree: trees.Tree, package: Package) -> Path:
    """Bring svscan to where the old one is no more and the new one not yet there; it goes on once
    the file is made that is returned."""
    go = tree.elsewhere / "go"
    waiting = f"""os.write(2, b"{UP}\\n")
    import time
    while not os.path.exists({str(go)!r}): time.sleep(0.01)"""
    package.append(when_resumed(waiting))
    tree.svscan.send_signal(signal.SIGHUP)
    tree.hears(UP)
    return go


def test_whoever_dies_between_the_two_is_not_lost(tree, package):
    killed, served, gone = tree.add("a"), tree.add("b"), tree.add("c", COUNTING, log=LOGGER)
    orphaned = tree.add("d")
    start(tree, package, trees.QUICK)
    pid, other, last = trees.started(killed), trees.started(served), trees.started(gone)
    left = trees.started(orphaned)
    supervises = {name: tree.supervise(f"supervise {name}") for name in "abd"}
    trees.kill(supervises["d"])
    eventually(lambda: tree.supervise("supervise d") not in (None, supervises["d"]))
    eventually(lambda: trees.is_supervised(orphaned))
    go = between(tree, package)
    trees.kill(supervises["a"])
    trees.kill(other)
    trees.kill(left)
    gone.rename(tree.elsewhere / "c")
    new = tree.add("e")
    go.touch()
    eventually(lambda: tree.supervise("supervise a") not in (None, supervises["a"]))
    eventually(lambda: trees.is_supervised(killed))
    assert trees.read(killed).pid == pid, "adopted"
    trees.started(served, other_than=other)
    assert trees.started(orphaned, other_than=left), "its supervise was told"
    trees.started(new)
    trees.control(tree.elsewhere / "c", b"dx")
    eventually(lambda: not trees.is_supervised(tree.elsewhere / "c/log"), "drained")
    assert trees.ended(last)
    assert trees.missing(tree.elsewhere / "c/log/lines") == []
    assert tree.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_between_the_two_is_not_lost(tree, package, number):
    service = tree.add("a")
    start(tree, package)
    pid = trees.started(service)
    go = between(tree, package)
    tree.svscan.send_signal(number)
    go.touch()
    if number == signal.SIGHUP:
        tree.hears(UP, times=2)
        assert tree.stop() == 0
    assert tree.svscan.wait() == 0
    assert trees.ended(pid)


def test_one_that_dies_right_after_the_exec_is_followed_as_any_that_is_killed(tree, package):
    service = tree.add("a", COUNTING, log=LOGGER)
    start(tree, package, trees.QUICK)
    pid, logger = trees.started(service), trees.started(service / "log")
    package.append(when_resumed("os._exit(7)"))
    tree.svscan.send_signal(signal.SIGHUP)
    assert tree.svscan.wait() == 7
    tree.start(trees.QUICK)
    trees.started(tree.add("b"))
    assert (trees.started(service), trees.started(service / "log")) == (pid, logger)
    assert tree.stop() == 0
    assert trees.missing(service / "log/lines") == []


def test_supervises_that_were_taken_over_stay_so(tree, package):
    service = tree.add("a", COUNTING, log=LOGGER)
    start(tree, package, trees.QUICK)
    pid, before = trees.started(service), everybody(tree)
    trees.started(service / "log")
    before = everybody(tree)
    trees.kill(tree.svscan.pid)
    tree.svscan.wait()
    start(tree, package, trees.QUICK)
    trees.started(tree.add("b"))
    upgrade(tree, package)
    assert [trees.ended(each) for each in before] == [False] * 4
    trees.control(service, b"t")
    trees.started(service, other_than=pid)
    killed = before[0]
    trees.kill(killed)
    eventually(lambda: tree.supervise("supervise a"))
    assert tree.stop() == 0
    assert trees.missing(service / "log/lines") == []


def test_services_get_the_limits_and_descriptors_that_they_always_get(tree, package):
    service = tree.add("a", "ulimit -Sn >limit; exec sleep 10000")

    def lower() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, 400))

    with tempfile.TemporaryFile() as inherited:
        start(tree, package, pass_fds=[inherited.fileno()], preexec_fn=lower)
        first = trees.started(service)
        upgrade(tree, package)
        upgrade(tree, package, 2)
        other = tree.add("b", "ulimit -Sn >limit; exec sleep 10000")
        second = trees.started(other)
        for pid in (first, second):
            eventually(lambda pid=pid: set(trees.descriptors(pid)) == {0, 1, 2, inherited.fileno()})
    for directory in (service, other):
        eventually(lambda directory=directory: trees.lines(directory / "limit") == ["200"])
    supervises = [tree.supervise(f"supervise {name}") for name in "ab"]
    counts = [len(trees.descriptors(pid)) for pid in supervises if pid is not None]
    assert counts[0] == counts[1], "the second has nothing of the first"
    assert tree.stop() == 0


class Container:
    """An svscan that is process 1 of a pid namespace."""

    def __init__(self, tree: trees.Tree, package: Package) -> None:
        argv = ["/usr/bin/unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
        svscan = [sys.executable, "-m", "supervise", "svscan", str(tree.scan)]
        with tree.output.open("ab") as output:
            self.outside = tree.background.start(
                [*argv, *svscan], stdout=output, stderr=output, env=package.environment
            )
        self.pid = eventually(lambda: processes.children(self.outside.pid))[0]

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def below(self) -> list[int]:
        return processes.descendants(self.pid)


@pytest.mark.needs_root
def test_process_1_of_a_container(tree, package):
    """Signals that are not caught yet would be lost, and its end be the end of everybody in it."""
    service = tree.add("a", COUNTING, log=LOGGER)
    first = Container(tree, package)
    eventually(lambda: trees.is_supervised(service / "log"))
    eventually(lambda: len(first.below()) == 4, "two supervises, two services")
    eventually(lambda: trees.read(service).pid, "published")
    before = trees.read(service)
    for number in range(3):
        package.append(when_resumed(f"os.write(2, b'{UP} {number}\\n')"))
        first.signal(signal.SIGHUP)
        tree.hears(f"{UP} {number}")
    package.append("def")
    first.signal(signal.SIGHUP)
    tree.hears(f"{UNABLE}SyntaxError: invalid syntax")
    eventually(lambda: len(first.below()) == 4)
    assert trees.read(service) == before
    other = tree.add("b")
    eventually(lambda: trees.is_supervised(other))
    first.signal(signal.SIGTERM)
    assert first.outside.wait() == 0
    assert trees.missing(service / "log/lines") == []


@pytest.mark.needs_root
def test_process_1_takes_over_what_it_cannot_go_on_with(tree, package):
    service = tree.add("a", COUNTING, log=LOGGER)
    first = Container(tree, package)
    eventually(lambda: trees.is_supervised(service / "log"))
    eventually(lambda: len(first.below()) == 4, "two supervises, two services")
    eventually(lambda: trees.read(service).pid, "published")
    before, below = trees.read(service), sorted(first.below())
    package.append(when_resumed("handover.take = lambda state: 1 // 0"))
    first.signal(signal.SIGHUP)
    said = "svscan: warning: unable to go on, taking over instead: ZeroDivisionError"
    eventually(lambda: any(line.startswith(said) for line in tree.said()), "the warning")
    eventually(lambda: trees.is_taken_over(service) and trees.is_taken_over(service / "log"))
    other = tree.add("b")
    eventually(lambda: trees.is_supervised(other))
    assert trees.read(service) == before
    assert set(below) <= set(first.below())
    trees.control(service, b"t")
    eventually(lambda: trees.read(service).pid not in (None, before.pid))
    first.signal(signal.SIGTERM)
    assert first.outside.wait() == 0
    assert trees.missing(service / "log/lines") == []
