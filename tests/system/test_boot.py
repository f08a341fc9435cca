"""svscanboot as init runs it: one process that is svscan, its messages in ps, and nobody left."""

from __future__ import annotations

import os
import signal
import sys

import pexpect
import pytest

from tests.support import processes, trees
from tests.support.patience import PATIENCE, eventually
from tests.support.trees import COUNTING, LOGGER, make_service, started

SHOWN = "readproctitle service errors: ..."


class Boot:
    """A scan directory, and an svscanboot over it."""

    def __init__(self, folder, background):
        self.scan = folder / "scan"
        self.scan.mkdir()
        self.background = background

    def start(self, changes=""):
        argv = [sys.executable, "-c", trees.WITH_CHANGES.format(changes=changes), "svscanboot"]
        self.svscan = self.background.start([*argv, str(self.scan)])
        eventually(self.reader, "readproctitle")

    def reader(self):
        """The pid of readproctitle."""
        below = processes.children(self.svscan.pid)
        return next((pid for pid in below if processes.title(pid).startswith(SHOWN)), None)

    def shown(self):
        return processes.title(self.reader())

    def ends(self, number=signal.SIGTERM):
        """Tell it to stop; its exit code, once readproctitle has ended too."""
        reader = self.reader()
        self.svscan.send_signal(number)
        code = self.svscan.wait(PATIENCE)
        eventually(lambda: trees.ended(reader), "readproctitle has ended")
        return code


@pytest.fixture
def boot(tmp_path, background):
    return Boot(tmp_path, background)


def test_what_is_wrong_with_a_service_is_shown_by_ps(boot):
    make_service(boot.scan / "broken", run=None)
    boot.start()
    failure = "supervise: fatal: unable to start broken/run: file does not exist"
    eventually(lambda: failure in boot.shown(), "the failure in ps")
    assert len(boot.shown()) >= len(SHOWN) + 397 - len(failure)
    assert boot.ends() == 0


def test_what_a_service_without_a_log_says_is_shown_by_ps(boot):
    make_service(boot.scan / "a", "echo told here; echo and here >&2; exec sleep 10000")
    boot.start()
    eventually(lambda: "told here\nand here" in boot.shown())
    assert boot.ends() == 0


def test_its_process_is_svscan_with_nothing_but_its_own_open(boot):
    service = make_service(boot.scan / "a")
    boot.start()
    pid = started(service)
    eventually(lambda: processes.title(pid) == "sleep 10000")
    eventually(lambda: processes.title(boot.svscan.pid) == f"svscan {boot.scan}")
    assert processes.title(processes.children(boot.svscan.pid)[-1]) == "supervise a"
    for process in (boot.svscan.pid, pid):
        streams = trees.descriptors(process)
        assert streams[0] == "/dev/null"
        assert streams[1] == streams[2] == trees.descriptors(boot.reader())[0]
    assert set(trees.descriptors(pid)) == {0, 1, 2}
    assert boot.ends() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_everything_stops_in_order(boot, number):
    log = make_service(boot.scan / "a", COUNTING, log=LOGGER) / "log/lines"
    boot.start()
    eventually(lambda: log.exists() and " 100\n" in log.read_text())
    assert boot.ends(number) == 0
    assert log.read_text().endswith(" last\n")
    assert trees.missing(log) == []


def test_the_exit_code_is_svscan_s(boot):
    boot.start("""\
from supervise.drivers.scanner import Scanner
def fail(self):
    from signal import SIGTERM, pthread_sigmask, sigwait, SIG_BLOCK
    pthread_sigmask(SIG_BLOCK, {SIGTERM})
    sigwait({SIGTERM})
    from supervise.errors import Failure
    raise Failure("made up")
Scanner.run_until_stopped = fail""")
    assert boot.ends() == 111


def test_the_end_of_its_reader_is_not_its_own(boot):
    service = make_service(boot.scan / "a", COUNTING, log=LOGGER)
    boot.start(trees.QUICK)
    pid = started(service)
    trees.kill(boot.reader())
    broken = make_service(boot.scan / "broken", run=None)  # which is told to nobody
    eventually(lambda: trees.is_supervised(broken))
    trees.kill(pid)
    started(service, other_than=pid)
    boot.svscan.terminate()
    assert boot.svscan.wait(PATIENCE) == 0
    assert trees.missing(service / "log/lines") == []


def test_what_a_killed_one_left_is_taken_over(boot):
    service = make_service(boot.scan / "a", log=LOGGER)
    boot.start(trees.QUICK)
    left, reader = [started(service), started(service / "log")], boot.reader()
    os.kill(boot.svscan.pid, signal.SIGKILL)
    boot.svscan.wait()
    boot.start(trees.QUICK)
    started(make_service(boot.scan / "b"))
    assert [started(service), started(service / "log")] == left
    assert boot.ends() == 0
    assert all(trees.ended(pid) for pid in left)
    eventually(lambda: trees.ended(reader), "that of the killed one has ended")


def test_ctrl_c_in_a_terminal_leaves_the_reader_to_the_end(boot):
    service = make_service(boot.scan / "a", COUNTING, log=LOGGER)
    terminal = pexpect.spawn(
        sys.executable, ["-m", "supervise", "svscanboot", str(boot.scan)], timeout=PATIENCE
    )
    started(service)
    started(service / "log")
    eventually(lambda: trees.lines(service / "log/lines"))
    assert terminal.pid not in {os.getsid(pid) for pid in processes.descendants(terminal.pid)}
    terminal.sendintr()
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    assert terminal.before in (b"", b"^C"), "an echo that may be gone with the terminal"
    eventually(lambda: processes.children() == [])
