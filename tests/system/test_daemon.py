"""svscan in the background: it is up when --daemon returns, and gone when --stop does."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pexpect
import pytest

from supervise import program, registry
from tests.support import processes, trees
from tests.support.forks import in_a_fork
from tests.support.packages import Package, when_resumed
from tests.support.patience import PATIENCE, eventually
from tests.support.trees import COUNTING, LOGGER, make_service, started

SHOWN = "readproctitle service errors: ..."
NOT_RUNNING = (100, b"svscan: not running\n", b"")


class Daemon:
    """A scan directory, and svscans in the background over it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scan = folder / "scan"
        self.scan.mkdir()
        self.pid_file = self.scan / ".svscan/pid"

    def svscan(self, *argv: str, changes: str = "", **options: object) -> processes.Finished:
        svscan = [sys.executable, "-c", trees.WITH_CHANGES.format(changes=changes), "svscan"]
        return processes.finish([*svscan, *argv, str(self.scan)], **options)

    def start(self, changes: str = "", **options: object) -> int:
        """Start it; its pid."""
        done = self.svscan("--daemon", changes=changes, **options)
        assert done == (0, b"", b"")
        return self.pid()

    def pid(self) -> int:
        return int(self.pid_file.read_text())

    def shown(self) -> str:
        """What its readproctitle shows."""
        titles = [processes.title(pid) for pid in processes.children(self.pid())]
        return next((title for title in titles if title.startswith(SHOWN)), "")

    def stop(self) -> None:
        assert self.svscan("--stop") == (0, b"", b"")

    def refusal(self, pid: int) -> processes.Finished:
        where = f"{self.pid_file}: already running as pid {pid}"
        return processes.Finished(111, b"", f"svscan: fatal: unable to lock {where}\n".encode())


@pytest.fixture
def daemon(tmp_path):
    daemon = Daemon(tmp_path)
    yield daemon
    if daemon.svscan("--status") != NOT_RUNNING:
        daemon.stop()
    eventually(lambda: processes.children() == [], "readproctitle has ended")


@pytest.fixture
def package(tmp_path):
    return Package(tmp_path / "root")


def test_when_it_is_started_every_service_answers(daemon):
    services = [make_service(daemon.scan / f"s{number}", log=LOGGER) for number in range(3)]
    slow = """\
import time
from supervise.drivers.ownership import Ownership
announce = Ownership.announce
def late(self):
    time.sleep(0.2)
    announce(self)
Ownership.announce = late"""
    daemon.start(slow)
    places = [place for service in services for place in (service, service / "log")]
    assert [trees.is_supervised(place) for place in places] == [True] * 6
    done = processes.finish(processes.module("svstat", *map(str, places)))
    assert done.stdout.count(b"\n") == 6
    assert b"not running" not in done.stdout


def test_what_it_is_like_in_the_background(daemon):
    service = make_service(daemon.scan / "a", "umask >umask; exec sleep 10000")
    with tempfile.TemporaryFile() as inherited:
        pid = daemon.start(pass_fds=[inherited.fileno()], umask=0o077, cwd="/")
        passed = os.readlink(f"/proc/self/fd/{inherited.fileno()}")
    child = started(service)
    eventually((service / "umask").exists)
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    parent, _, session, terminal = map(int, fields[1:5])
    assert parent == os.getpid(), "of whoever takes orphans"
    assert session not in (pid, os.getsid(0))
    assert terminal == 0
    assert os.readlink(f"/proc/{pid}/cwd") == str(daemon.scan)
    assert (service / "umask").read_text() == "0022\n"
    for process in (pid, child):
        streams = trees.descriptors(process)
        assert streams[0] == "/dev/null"
        assert streams[1] == streams[2]
        assert streams[1].startswith("pipe:")
        assert passed not in streams.values()
    assert set(trees.descriptors(child)) == {0, 1, 2}
    daemon.stop()


def test_what_is_complained_of_is_shown_by_ps(daemon):
    make_service(daemon.scan / "broken", run=None)
    daemon.start()
    failure = "supervise: fatal: unable to start broken/run: file does not exist"
    eventually(lambda: failure in daemon.shown(), "the failure in ps")


def test_what_fails_on_the_way_is_told_where_it_was_started(daemon):
    no_pipe = """\
import errno, os
from supervise.drivers import steadfast
def fail(*numbers):
    raise OSError(errno.EMFILE, "")
steadfast.listen = fail"""
    failure = b"svscan: fatal: unable to create pipe: process cannot open more files\n"
    assert daemon.svscan("--daemon", changes=no_pipe) == (111, b"", failure)
    no_reader = "from supervise import complaints; complaints.READER = '/nonexistent/nothing'"
    failure = b"svscan: fatal: unable to run /nonexistent/nothing: file does not exist\n"
    assert daemon.svscan("--daemon", changes=no_reader) == (111, b"", failure)
    no_inotify = """\
import errno
from supervise.unix import linux
def fail():
    raise OSError(errno.ENOSYS, "")
linux.inotify_init = fail"""
    warned = daemon.svscan("--daemon", changes=no_inotify)
    assert warned.code == 0
    assert warned.stderr.startswith(b"svscan: warning: unable to ")


def test_the_end_of_its_terminal_is_not_its_end(daemon):
    service = make_service(daemon.scan / "a")
    start = " ".join([*processes.module("svscan", "--daemon"), str(daemon.scan)])
    shell = ["-c", f"{start}; echo started $?; exec cat"]
    terminal = pexpect.spawn("/bin/sh", shell, timeout=PATIENCE)
    terminal.expect_exact("started 0")
    pid, child = daemon.pid(), started(service)
    terminal.sendintr()
    terminal.close(force=True)
    eventually(lambda: trees.ended(terminal.pid))
    hung_up = daemon.svscan("--status").stdout
    assert hung_up.startswith(f"svscan: up (pid {pid}) ".encode())
    assert started(service) == child


def test_a_second_one_is_refused(daemon):
    service = make_service(daemon.scan / "a")
    pid = daemon.start()
    child = started(service)
    assert daemon.svscan("--daemon") == daemon.refusal(pid)
    assert daemon.pid() == pid
    assert started(service) == child


def test_of_several_that_start_at_once_one_does(daemon, background):
    make_service(daemon.scan / "a")
    argv = [*processes.module("svscan", "--daemon"), str(daemon.scan)]
    racers = [background.start(argv, stderr=subprocess.PIPE) for _ in range(4)]
    said = [racer.communicate(timeout=PATIENCE)[1] for racer in racers]
    assert sorted(racer.returncode for racer in racers) == [0, 111, 111, 111]
    refusal = daemon.refusal(daemon.pid()).stderr
    assert sorted(said) == [b"", refusal, refusal, refusal]


def test_stop_waits_for_the_end_of_everything(daemon):
    logs = [
        make_service(daemon.scan / name, COUNTING, log=LOGGER) / "log/lines" for name in ("a", "b")
    ]
    pid = daemon.start()
    for log in logs:
        eventually(lambda log=log: log.exists() and " 100\n" in log.read_text())
    daemon.stop()
    assert trees.ended(pid)
    assert not any(trees.is_supervised(daemon.scan / name) for name in ("a", "b"))
    assert [log.read_text().endswith(" last\n") for log in logs] == [True, True]
    assert [trees.missing(log) for log in logs] == [[], []]
    assert daemon.svscan("--status") == NOT_RUNNING
    assert daemon.svscan("--stop") == (0, b"svscan: not running\n", b"")


def test_stop_waits_for_a_service_that_does_not_hear(daemon):
    service = make_service(daemon.scan / "a", "trap '' TERM; echo deaf >said; exec sleep 10000")
    pid = daemon.start("from supervise.machines import scan; scan.KILL_AFTER = 1.0")
    child = started(service)
    eventually((service / "said").exists)
    daemon.stop()
    assert (trees.ended(child), trees.ended(pid)) == (True, True)


def test_stop_reaches_one_that_was_paused(daemon):
    make_service(daemon.scan / "a")
    pid = daemon.start()
    trees.kill(pid, signal.SIGSTOP)
    eventually(lambda: processes.state(pid) == "T")
    daemon.stop()
    assert trees.ended(pid)


def test_a_killed_one_does_not_run_and_the_next_takes_over(daemon):
    service = make_service(daemon.scan / "a", log=LOGGER)
    pid = daemon.start(trees.QUICK)
    left = [started(service), started(service / "log")]
    below = processes.descendants(pid)
    trees.kill(pid)
    assert daemon.pid() == pid, "it could not clear its file"
    assert daemon.svscan("--status") == NOT_RUNNING
    assert daemon.svscan("--stop") == (0, b"svscan: not running\n", b"")
    assert daemon.start(trees.QUICK) != pid
    assert [started(service), started(service / "log")] == left
    daemon.stop()
    eventually(lambda: all(trees.ended(process) for process in below))


def test_one_that_was_stopped_left_nothing_to_take_over(daemon, background):
    """What another svscan has started meanwhile is not touched."""
    service = make_service(daemon.scan / "a")
    daemon.start()
    daemon.stop()
    background.start(processes.module("svscan", str(daemon.scan)), stderr=subprocess.DEVNULL)
    pid = started(service)
    daemon.start()
    failure = "supervise: fatal: unable to acquire a/supervise/lock: temporary failure"
    eventually(lambda: failure in daemon.shown(), "the failure in ps")
    assert started(service) == pid


def test_a_pid_file_that_names_somebody_else(daemon, background):
    """Its number was given to another process, which must not be taken for svscan."""
    other = background.start(["sleep", "10000"])
    daemon.pid_file.parent.mkdir()
    daemon.pid_file.write_text(f"{other.pid}\n")
    assert daemon.svscan("--status") == NOT_RUNNING
    assert daemon.svscan("--stop") == (0, b"svscan: not running\n", b"")
    pid = daemon.start()
    assert pid != other.pid
    daemon.stop()
    assert other.poll() is None


def test_a_pid_file_that_was_changed_by_somebody(daemon, background):
    """Who runs is known by the lock."""
    other = background.start(["sleep", "10000"])
    pid = daemon.start()
    daemon.pid_file.write_text(f"{other.pid}\n")
    assert daemon.svscan("--status").stdout.startswith(f"svscan: up (pid {pid}) ".encode())
    assert daemon.svscan("--daemon") == daemon.refusal(pid)
    daemon.stop()
    assert (trees.ended(pid), other.poll()) == (True, None)


def with_lines(package: Package, text: str) -> None:
    package.append(f"\n{text}\n")


def test_reexec_returns_when_the_new_version_is_up(daemon, package):
    service = make_service(daemon.scan / "a", log=LOGGER)
    pid = daemon.start(env=package.environment)
    before = [started(service), started(service / "log")]
    below = len(processes.descendants(pid))
    with_lines(package, when_resumed("open('../up', 'a').write(f'{sys.argv[-2]}\\n')"))
    for number in range(1, 4):
        assert daemon.svscan("--reexec") == (0, b"", b"")
        assert trees.lines(daemon.folder / "up") == number * ["--resume"]
        assert daemon.svscan("--daemon") == daemon.refusal(pid), "it has the lock"
    assert [started(service), started(service / "log")] == before
    eventually(lambda: len(processes.descendants(pid)) == below, "and no rehearsal any more")
    assert daemon.svscan("--status").stdout.startswith(f"svscan: up (pid {pid}) ".encode())
    make_service(daemon.scan / "broken", run=None)
    failure = "supervise: fatal: unable to start broken/run: file does not exist"
    eventually(lambda: failure in daemon.shown(), "the failure in ps")
    daemon.stop()
    assert daemon.pid_file.read_text() == ""


def test_reexec_tells_why_the_old_version_goes_on(daemon, package):
    service = make_service(daemon.scan / "a")
    pid = daemon.start(env=package.environment)
    child = started(service)
    with_lines(package, "import nowhere")
    reason = "ModuleNotFoundError: No module named 'nowhere'"
    said = f"svscan: fatal: unable to re-execute process {pid}: {reason}\n"
    assert daemon.svscan("--reexec") == (111, b"", said.encode())
    assert (daemon.pid(), started(service)) == (pid, child)
    warning = f"svscan: warning: unable to re-execute, going on as before: {reason}"
    eventually(lambda: warning in daemon.shown(), "the warning in ps")
    with_lines(package, when_resumed("os._exit(3)"))
    said = f"svscan: fatal: unable to re-execute process {pid}: it has ended\n"
    assert daemon.svscan("--reexec") == (111, b"", said.encode())
    assert daemon.start() != pid
    assert started(service) == child


def test_several_who_ask_at_once_are_all_answered(daemon, package, background):
    make_service(daemon.scan / "a")
    pid = daemon.start(env=package.environment)
    argv = [*processes.module("svscan", "--reexec"), str(daemon.scan)]
    asking = [background.start(argv) for _ in range(4)]
    assert [each.wait(PATIENCE) for each in asking] == [0, 0, 0, 0]
    assert daemon.svscan("--status").stdout.startswith(f"svscan: up (pid {pid}) ".encode())


def as_nobody(*argv: str) -> tuple[int, str]:
    """Call svscan as an ordinary user; its exit code, and what it says on standard error.

    In a fork, since the interpreter may be where that user cannot read it.
    """
    nobody = pwd.getpwnam("nobody")

    def call() -> tuple[int, str]:
        said = os.memfd_create("said")
        os.dup2(said, 2)
        os.chdir("/")
        os.setgroups([])
        os.setresgid(*[nobody.pw_gid] * 3)
        os.setresuid(*[nobody.pw_uid] * 3)
        code = program.run("svscan", list(argv))
        return code, os.pread(said, 1000, 0).decode()

    return in_a_fork(call)


@pytest.mark.needs_root
def test_somebody_else_s():
    import daemon as library  # noqa: F401 - for the forks

    registry.load("svscan")

    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        daemon = Daemon(Path(folder))
        scan, file = str(daemon.scan), daemon.pid_file
        place = f"svscan: fatal: unable to create {file.parent}: access denied\n"
        assert as_nobody("--daemon", scan) == (111, place)
        pid = daemon.start()
        place = f"svscan: fatal: unable to open {file}: access denied\n"
        for option in ("--daemon", "--status", "--stop"):
            assert as_nobody(option, scan) == (111, place)
        file.parent.chmod(0o755)
        file.chmod(0o644)
        assert as_nobody("--daemon", scan) == (111, place)
        assert as_nobody("--status", scan) == (0, "")
        denied = f"svscan: fatal: unable to stop process {pid}: permission denied\n"
        assert as_nobody("--stop", scan) == (111, denied)
        denied = f"svscan: fatal: unable to create {file}.reexec: access denied\n"
        assert as_nobody("--reexec", scan) == (111, denied)
        daemon.stop()
    eventually(lambda: processes.children() == [], "readproctitle has ended")
