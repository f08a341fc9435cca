"""Real trees: svscan stops everything in order, and nobody is left."""

from __future__ import annotations

import os
import signal
import sys

import pexpect
import pytest

from tests.support import processes, trees
from tests.support.patience import PATIENCE, eventually
from tests.support.trees import COUNTING, LOGGER, Tree, lines

# Deaf to TERM, and says so once it is.
DEAF = "trap '' TERM; echo deaf >>said; exec sleep 10000"
CAREFUL = "trap 'echo told to stop >>lines; exit' TERM; cat >>lines; echo end >>lines"

ALL_BLOCKED = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())"


@pytest.fixture
def tree(tmp_path, background):
    return Tree(tmp_path, background)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_services_stop_first_and_loggers_read_to_the_end(tree, number):
    logs = [tree.add(name, COUNTING, log=CAREFUL) / "log/lines" for name in ("a", "b", "c")]
    tree.start()
    for log in logs:
        eventually(lambda log=log: log.exists() and " 100\n" in log.read_text())
    assert tree.stop(number) == 0
    for log in logs:
        text = log.read_text()
        assert text.endswith(" last\nend\n")
        log.write_text(text.removesuffix("end\n"))
        assert trees.missing(log) == []
    assert tree.said() == []


def test_nothing_is_restarted_while_all_is_stopped(tree):
    services = [tree.add(f"s{number}") for number in range(10)]
    tree.start()
    for service in services:
        trees.started(service)
    assert tree.stop() == 0
    assert [trees.is_supervised(service) for service in services] == [False] * 10


def test_a_service_that_ignores_term_is_killed_when_it_is_late(tree):
    service = tree.add("a", DEAF)
    tree.start(trees.IMPATIENT)
    eventually((service / "said").exists)
    assert tree.stop() == 0
    assert trees.read(service).pid is None


def test_a_second_term_does_not_wait(tree):
    service = tree.add("a", DEAF, log=LOGGER)
    tree.start(f"from supervise.machines import scan; scan.KILL_AFTER = {2 * PATIENCE}")
    eventually((service / "said").exists)
    tree.svscan.send_signal(signal.SIGTERM)
    eventually(lambda: trees.read(service).want == b"d", "told to stop")
    tree.svscan.send_signal(signal.SIGTERM)
    assert tree.svscan.wait(PATIENCE) == 0


def test_a_logger_that_never_sees_the_end_is_stopped_when_it_is_late(tree):
    service = tree.add("a", log=trees.SLEEP)
    tree.start(trees.IMPATIENT)
    trees.started(service / "log")
    assert tree.stop() == 0


def test_a_paused_service_is_continued(tree):
    service = tree.add("a")
    tree.start()
    pid = trees.started(service)
    trees.control(service, b"p")
    eventually(lambda: processes.state(pid) == "T")
    assert tree.stop() == 0
    assert trees.ended(pid)


def test_a_service_that_waits_to_be_restarted(tree):
    service = tree.add("a", "exit 0")
    tree.start()
    eventually(lambda: trees.is_supervised(service))
    assert tree.stop() == 0
    assert tree.said() == []


def test_a_stop_before_anything_is_started(tree):
    tree.start()
    eventually(lambda: caught(tree.svscan.pid), "signals caught")
    assert tree.stop() == 0


def caught(pid: int) -> bool:
    with open(f"/proc/{pid}/status") as status:
        line = next(line for line in status if line.startswith("SigCgt"))
    return bool(int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def test_hup_looks_at_the_whole_directory_again(tree):
    blind = """\
from supervise.drivers import scandir, watch
watch.Watch.changes = lambda self: list(self.events()) and watch.Changes(set(), False)"""
    tree.start(f"{blind}\n{trees.NO_SUCCESSOR}")
    eventually(lambda: caught(tree.svscan.pid), "signals caught")
    for name in ("a", "b"):
        service = tree.add(name)
        tree.svscan.send_signal(signal.SIGHUP)
        trees.started(service)


def test_what_was_ignored_at_the_start_stays_ignored(tree):
    """As with nohup, or in the background of a shell script; services inherit it."""
    service = tree.add("a")
    tree.start(f"{trees.QUICK}\nimport signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)")
    pid = trees.started(service)
    everyone = [tree.svscan.pid, tree.supervise("supervise a"), pid]
    for process in everyone:
        trees.kill(process, signal.SIGHUP)
    trees.kill(pid, signal.SIGTERM)
    trees.started(service, other_than=pid)
    assert [trees.ended(process) for process in everyone] == [False, False, True]


def test_what_was_blocked_at_the_start_is_heard(tree):
    service = tree.add("a")
    tree.start(f"{trees.QUICK}\n{ALL_BLOCKED}")
    pid = trees.started(service)
    trees.kill(pid)
    trees.started(service, other_than=pid)
    assert tree.stop() == 0


def test_ctrl_c_in_a_terminal(tree):
    service = tree.add("a", COUNTING, log=LOGGER)
    terminal = pexpect.spawn(
        sys.executable, ["-m", "supervise", "svscan", str(tree.scan)], timeout=PATIENCE
    )
    trees.started(service)
    trees.started(service / "log")
    eventually(lambda: lines(service / "log/lines"))
    # The terminal is to reach svscan alone, which stops loggers last.
    below = processes.descendants(terminal.pid)
    assert terminal.pid not in {os.getsid(pid) for pid in below}
    assert len(below) >= 4
    terminal.sendintr()
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert (terminal.exitstatus, terminal.before) == (0, b"^C")
    assert trees.missing(service / "log/lines") == []
    assert (service / "log/lines").read_text().endswith(" last\n")


def test_trouble_that_nobody_foresaw_ends_neither(tree):
    """What a turn of the loop raises is told, and the next turn comes a little later."""
    service = tree.add("a")
    tree.start(
        """\
import errno, os
from supervise.drivers import steadfast
from supervise.machines import scan, service
from supervise.unix import processes
steadfast.PAUSE = scan.RESTART_PAUSE = service.RESTART_PAUSE = 0.1
reap, endings = processes.reap, processes.endings
def curse():
    if os.path.exists("cursed"):
        os.unlink("cursed")
        raise OSError(errno.EIO, "") if os.path.exists("run") else KeyError("surprise")
processes.reap = lambda: curse() or reap()
processes.endings = lambda: curse() or endings()"""
    )
    pid = trees.started(service)
    (service / "cursed").touch()
    trees.kill(pid)
    told = "warning: unable to go on as usual, pausing"
    tree.hears(f"supervise: {told}: input/output error (<string>:13)")
    pid = trees.started(service, other_than=pid)
    (tree.scan / "cursed").touch()
    supervise = tree.supervise("supervise a")
    trees.kill(supervise)
    trees.kill(pid)
    tree.hears(f"svscan: {told}: KeyError('surprise') (<string>:13)")
    eventually(lambda: tree.supervise("supervise a") not in (None, supervise))
