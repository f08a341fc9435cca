from __future__ import annotations

import errno
import os
import pickle
import resource
import signal
import socket
import sys
import warnings
from pathlib import Path

import pytest

from supervise import errors
from supervise.drivers import background
from supervise.unix import processes
from tests.support.forks import in_a_fork, signal_sets
from tests.support.patience import eventually
from tests.support.processes import children


def in_background(here, program, before=None):
    """The exit code of the foreground, and what was said meanwhile."""

    def foreground() -> int | str:
        os.dup2(os.open(here / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
        if before is not None:
            before()
        try:
            return background.run(program)
        except errors.Failure as failure:
            return f"{failure.code} {failure.text}"

    code = in_a_fork(foreground)
    eventually(lambda: children() == [], "that in the background has ended")
    return code, (here / "said").read_bytes()


def test_its_exit_code_is_that_of_what_fails(tmp_path):
    assert in_background(tmp_path, lambda foreground: 42) == (42, b"")


def test_what_is_killed_before_it_is_up(tmp_path):
    def killed(foreground) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return 0

    told = in_background(tmp_path, killed)
    assert told == ("111 unable to stay in the background: killed", b"")


def test_it_waits_until_all_are_up(tmp_path):
    """Also those who were started by it, each of which has let go or ended."""
    waited = tmp_path / "waited"

    def late(foreground) -> int:
        eventually((tmp_path / "told").exists)
        waited.touch()
        foreground.let_go()
        return 0

    def up(foreground) -> int:
        processes.fork(lambda: late(foreground))
        foreground.tell(background.UP)
        foreground.tell(9)  # the first counts
        foreground.let_go()
        foreground.let_go()  # no matter
        (tmp_path / "told").touch()
        os.wait()
        return 8

    assert in_background(tmp_path, up) == (0, b"")
    assert waited.exists()


def test_a_foreground_that_was_interrupted(tmp_path):
    """What is up stays up."""
    started, over = tmp_path / "started", tmp_path / "over"

    def up(foreground) -> int:
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # as svscan
        started.touch()
        eventually((tmp_path / "gone").exists)
        foreground.tell(background.UP)
        over.touch()
        return 0

    waiting = processes.fork(lambda: background.run(up))
    eventually(started.exists)
    os.kill(waiting, signal.SIGINT)
    os.waitpid(waiting, 0)
    (tmp_path / "gone").touch()
    eventually(over.exists)
    eventually(lambda: children() == [])


def look(foreground, here) -> int:
    """Detach, and write down what is seen then."""
    before = os.getsid(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        background.detach(foreground)
    os.write(2, b"still heard\n")
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    seen = {
        "session": os.getsid(0) not in (os.getpid(), before),
        "group": os.getpgid(0) == os.getsid(0),
        "terminal": int(fields[4]),
        "umask": os.umask(0),
        "place": os.getcwd() == str(here),
        "input": os.readlink("/proc/self/fd/0"),
        "output": os.readlink("/proc/self/fd/1"),
        "inherited": [os.get_inheritable(number) for number in range(3)],
        "streams": [stream.fileno() for stream in (sys.stdin, sys.stdout, sys.stderr)],
        "open": sorted(open_now() - {0, 1, 2, foreground.descriptor}),
        "ignored": signal_sets()["SigIgn"],
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "groups": os.getgroups(),
    }
    (here / "seen").write_bytes(pickle.dumps(seen))
    return 7


def open_now() -> set[int]:
    return {
        int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")
    }


@pytest.fixture
def seen(tmp_path, monkeypatch):
    """What a detached process sees, after something was done before."""
    monkeypatch.chdir(tmp_path)

    def detached(before) -> dict[str, object]:
        told = in_background(tmp_path, lambda foreground: look(foreground, tmp_path), before)
        assert told == (7, b"still heard\n")
        return pickle.loads((tmp_path / "seen").read_bytes())

    return detached


def expected():
    return {
        "session": True, "group": True, "terminal": 0, "umask": 0o022, "place": True,
        "input": "/dev/null", "output": "/dev/null", "streams": [0, 1, 2], "open": [],
        "inherited": [True] * 3,
        "ignored": signal_sets()["SigIgn"] - {signal.SIGPIPE, signal.SIGXFSZ},
        "core": resource.getrlimit(resource.RLIMIT_CORE), "groups": os.getgroups(),
    }  # fmt: skip


def nothing() -> None:
    pass


def inherit_much() -> None:
    os.umask(0o077)
    for _ in range(20):
        os.set_inheritable(os.open("/dev/zero", os.O_RDONLY), True)


def close_input_and_output() -> None:
    sys.stdin = sys.stdout = None
    os.close(0)
    os.close(1)


def have_streams_of_its_own() -> None:
    """Which close their descriptors when they are forgotten, and the library does not know them."""
    import daemon  # noqa: F401

    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")


def take_a_directory_for_input() -> None:
    os.dup2(os.open("/", os.O_RDONLY), 0)


def look_like_inetd_s() -> None:
    one, other = socket.socketpair()
    os.dup2(one.fileno(), 0)
    other.detach()


def look_like_init_s() -> None:
    os.getppid = lambda: 1


@pytest.mark.parametrize(
    "before",
    [
        nothing,
        inherit_much,
        close_input_and_output,
        have_streams_of_its_own,
        take_a_directory_for_input,
        look_like_inetd_s,
        look_like_init_s,
    ],
)
def test_it_is_by_itself_whatever_it_came_from(seen, before):
    assert seen(before) == expected()


def test_what_goes_wrong_on_the_way(tmp_path, monkeypatch):
    def fail(*arguments) -> None:
        raise OSError(errno.EPERM, "made up")

    def detach(foreground) -> int:
        monkeypatch.setattr(os, "setuid", fail)
        try:
            background.detach(foreground)
        except errors.Failure as failure:
            os.write(2, failure.text.encode())
        return 5

    said = b"unable to go to the background: permission denied"
    assert in_background(tmp_path, detach) == (5, said)
