from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys

import pytest

from supervise.commands import fghack
from supervise.unix import descriptors, pipes
from supervise.unix import processes as unix_processes
from tests.support import processes, recordings
from tests.support.forks import in_a_fork
from tests.support.patience import PATIENCE


@pytest.fixture(autouse=True)
def daemons_have_ended(nobody_left):
    """A process closes its files, and the pipe with them, a moment before it is gone."""
    yield
    recordings.gone()


def test_wrong_usage(run):
    assert run("fghack") == (100, b"", b"fghack: usage: fghack child\n")


def test_the_child_s_code(run):
    assert run("fghack", "/bin/sh", "-c", "echo hi; exit 7") == (7, b"hi\n", b"")


def test_a_child_that_is_killed(run):
    done = run("fghack", "/bin/sh", "-c", "kill -9 $$")
    assert done == (111, b"", b"fghack: fatal: child crashed\n")


def test_a_child_that_cannot_be_run(run):
    fatal = b"fghack: fatal: unable to run /nonexistent/child: file does not exist\n"
    assert run("fghack", "/nonexistent/child") == (111, b"", fatal)


def test_a_child_of_ours_is_called(run):
    done = run("fghack", "svok", env={"PATH": processes.our_path()})
    assert done == (100, b"", b"svok: usage: svok dir\n")


@pytest.mark.parametrize("chain", [[], ["pgrphack"]], ids=["exec", "in place"])
def test_it_stays_while_anybody_is_left(background, chain):
    # The daemon closes what daemons close, and goes on reading; 0 a shell takes from it.
    daemon = "exec 3>&- 4>&- 5>&- 9<&0; /bin/cat <&9 >/dev/null & echo $!; exit 5"
    command = processes.module("fghack", *chain, "/bin/sh", "-c", daemon)
    env = {"PATH": processes.our_path()}
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = background.start(command, env=env, **streams)
    daemon_pid = int(process.stdout.readline())
    assert processes.state(daemon_pid) in "SR"
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.05)
    process.stdin.close()
    assert process.wait(PATIENCE) == 5


def test_what_the_daemon_says_into_the_pipe_is_thrown_away(run):
    done = run("fghack", "/bin/sh", "-c", "echo noise >&9; exit 3")
    assert done == (3, b"", b"")


def test_the_child_has_many_copies_of_the_pipe(run):
    script = """if True:
        import os
        for name in os.listdir("/proc/self/fd"):
            if os.path.exists(f"/proc/self/fd/{name}"):
                print(os.readlink(f"/proc/self/fd/{name}"))
    """
    done = run("fghack", sys.executable, "-I", "-S", "-c", script)
    pipe = max(names := done.stdout.split(), key=names.count)
    assert pipe.startswith(b"pipe:")
    assert names.count(pipe) == 31


def test_as_many_copies_as_there_is_room_for():
    def copy() -> int:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        descriptors.close_all_but({2})
        resource.setrlimit(resource.RLIMIT_NOFILE, (10, hard))
        fghack.copy(2)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return len(descriptors.inherited())

    assert in_a_fork(copy) == 7


def refuse(number):
    def call(*arguments: object) -> None:
        raise OSError(number, "refused")

    return call


@pytest.mark.parametrize(
    ("owner", "name", "number", "text"),
    [
        (pipes, "make", errno.EMFILE, b"unable to create pipe: process cannot open more files"),
        (unix_processes, "fork", errno.EAGAIN, b"unable to fork: temporary failure"),
    ],
)
def test_what_the_system_refuses(monkeypatch, tmp_path, owner, name, number, text):
    monkeypatch.setattr(owner, name, refuse(number))
    done = processes.finish_in_fork("fghack", ["/bin/true"], b"", tmp_path, None, None)
    assert done == (111, b"", b"fghack: fatal: " + text + b"\n")


def test_a_child_that_somebody_else_has_collected(capfd):
    with pytest.raises(fghack.errors.Failure, match="wait failed: no child processes"):
        fghack.code_of(os.getpid())
