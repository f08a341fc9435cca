"""Programs that wait, beside their originals: signals that interrupt them, stop them and end
them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess

import pytest

from tests.support import differences, processes, recordings, tcpservers, trees
from tests.support.patience import PATIENCE, eventually
from tests.support.sidebyside import BASE, needs

COPIERS = {
    "addcr": (),
    "delcr": (),
    "fghack": ("/bin/cat",),
    "fixcrio": ("/bin/cat",),
    "multilog": ("t", "./main"),
    "recordio": ("/bin/cat",),
    "setlock": ("lock", "/bin/cat"),
    "tai64n": (),
    "tai64nlocal": (),
}
pytestmark = needs(*COPIERS, "readproctitle", "supervise", "tcpserver")

HARMLESS = (signal.SIGWINCH, signal.SIGCONT, signal.SIGURG)
copiers = pytest.mark.parametrize("name", COPIERS)


SIDES = ("theirs", "ours")


def paths(name):
    return f"/usr/bin/{name}", processes.script(name)


class Copier:
    """A program that copies each line somewhere."""

    def __init__(self, background, folder, path, *argv):
        folder.mkdir(exist_ok=True)
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = background.start([path, *argv], cwd=folder, env=BASE, bufsize=0, **streams)
        self.current = folder / "main" / "current"

    def copies(self, line):
        """Send a line, and wait for it to come through."""
        self.process.stdin.write(line + b"\n")
        if self.process.args[0].endswith("multilog"):
            eventually(lambda: self.current.exists() and line in self.current.read_bytes())
        else:
            assert line in self.process.stdout.readline()

    def end(self):
        self.process.stdin.close()
        return self.process.wait(PATIENCE)


@pytest.fixture
def both(background, tmp_path):
    """The two, started with the same words."""

    def begin(name, *argv):
        return [
            Copier(background, tmp_path / side, path, *argv)
            for side, path in zip(SIDES, paths(name), strict=True)
        ]

    yield begin
    background.end()
    recordings.gone()


def stop_and_go_on(pid):
    os.kill(pid, signal.SIGSTOP)
    eventually(lambda: processes.state(pid) == "T", "stopped")
    os.kill(pid, signal.SIGCONT)
    for number in HARMLESS:
        os.kill(pid, number)


@copiers
def test_a_copier_goes_on_after_it_was_interrupted(both, name):
    for copier in both(name, *COPIERS[name]):
        copier.copies(b"before")
        stop_and_go_on(copier.process.pid)
        copier.copies(b"after")
        assert copier.end() == 0


def begins_another_file(copier):
    eventually(lambda: len(list(copier.current.parent.glob("@*.s"))) == 1, "the old log")


@pytest.mark.parametrize("number", [signal.SIGALRM, signal.SIGHUP, signal.SIGTERM])
@copiers
def test_how_signals_end_a_copier(both, name, number):
    codes = []
    for copier in both(name, *COPIERS[name]):
        copier.copies(b"before")
        copier.process.send_signal(number)
        if (name, number) == ("multilog", signal.SIGALRM):
            begins_another_file(copier)
            copier.copies(b"after")
        codes.append(copier.end())
    if (name, number) == ("multilog", signal.SIGHUP):
        differences.stand_by("multilog: HUP, INT")
        assert codes == [-number, 0]
    else:
        assert codes[1] == codes[0]


def waits_for(path, pid):
    eventually(lambda: path in trees.descriptors(pid).values(), "it has the lock open")
    eventually(lambda: processes.state(pid) == "S", "it waits")


def shows(pid, text):
    eventually(lambda: text in processes.title(pid), text)


def test_setlock_goes_on_waiting(both, tmp_path):
    with contextlib.ExitStack() as held:
        for side in SIDES:
            (tmp_path / side).mkdir()
            lock = held.enter_context((tmp_path / side / "lock").open("wb"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = both("setlock", "lock", "/bin/cat")
        for side, copier in zip(SIDES, waiting, strict=True):
            waits_for(str(tmp_path / side / "lock"), copier.process.pid)
            stop_and_go_on(copier.process.pid)
            assert copier.process.poll() is None
    for copier in waiting:
        copier.copies(b"after")
        assert copier.end() == 0


def test_readproctitle_goes_on(both):
    for copier in both("readproctitle", "." * 20):
        pid, stdin = copier.process.pid, copier.process.stdin
        stdin.write(b"before")
        shows(pid, "before")
        stop_and_go_on(pid)
        stdin.write(b"after")
        shows(pid, "beforeafter")
        assert copier.end() == 0


def test_tcpserver_goes_on(background, tmp_path):
    for command in (tcpservers.THEIRS, tcpservers.OURS):
        server = tcpservers.start(
            background, tmp_path, "-HRl0", "--", "/bin/echo", "served", command=command
        )
        stop_and_go_on(server.process.pid)
        assert server.talk() == b"served\n"
        assert server.stop() == 0


def supervises(background, tmp_path):
    """Theirs and ours, each over a service that is down; and the service's directory."""
    for side, path in zip(SIDES, paths("supervise"), strict=True):
        service = trees.make_service(tmp_path / side / "sv", down=True)
        process = background.start([path, "sv"], cwd=service.parent, env=BASE)
        eventually(lambda path=service: trees.is_supervised(path))
        yield process, service


def test_supervise_goes_on(background, tmp_path):
    for process, service in supervises(background, tmp_path):
        stop_and_go_on(process.pid)
        trees.control(service, b"x")
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize("number", [signal.SIGALRM, signal.SIGUSR1, signal.SIGHUP, signal.SIGTERM])
def test_how_signals_end_supervise(background, tmp_path, number):
    codes = []
    for process, _ in supervises(background, tmp_path):
        process.send_signal(number)
        codes.append(process.wait(PATIENCE))
    if number in (signal.SIGHUP, signal.SIGTERM):
        differences.stand_by("supervise: TERM, INT, HUP, QUIT")
        assert codes == [-number, 0]
    else:
        assert codes == [-number, -number]
