from __future__ import annotations

import fcntl
import os
import subprocess

import pytest

from tests.support import processes
from tests.support.patience import eventually

USAGE = b"setlock: usage: setlock [ -nNxX ] file program [ arg ... ]\n"


@pytest.fixture
def held(tmp_path):
    """A file that the test has locked."""
    path = tmp_path / "held"
    with path.open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield str(path)


def is_held(path):
    with open(path, "wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


@pytest.mark.parametrize("argv", [[], ["file"], ["-n"], ["-x", "file"], ["--", "file"]])
def test_wrong_usage(run, argv):
    assert run("setlock", *argv) == (100, b"", USAGE)


def test_a_wrong_option(run):
    done = run("setlock", "-nq", "file", "true")
    assert done == (100, b"", b"setlock: illegal option -- q\n" + USAGE)


def test_the_file_is_made_and_its_content_kept(run, tmp_path):
    (tmp_path / "old").write_bytes(b"kept")
    os.umask(0o022)
    for name in ("new", "old"):
        assert run("setlock", name, "/bin/echo", "hi", cwd=tmp_path) == (0, b"hi\n", b"")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "old").read_bytes() == b"kept"


def test_the_child_holds_the_lock(background, tmp_path):
    path = str(tmp_path / "lock")
    command = processes.module("setlock", path, "/bin/cat")
    child = background.start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdin.write(b"x")
    child.stdin.flush()
    assert child.stdout.read(1) == b"x"  # so it is cat by now
    assert is_held(path)
    child.stdin.close()
    child.wait()
    assert not is_held(path)


def test_a_child_of_ours_holds_the_lock(background, tmp_path):
    path = str(tmp_path / "lock")
    chain = ["pgrphack", "/bin/cat"]
    env = {"PATH": processes.our_path()}
    command = processes.module("setlock", path, *chain)
    child = background.start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
    child.stdin.write(b"x")
    child.stdin.flush()
    assert child.stdout.read(1) == b"x"
    assert is_held(path)


def test_a_lock_that_somebody_has(run, held):
    fatal = f"setlock: fatal: unable to lock {held}: temporary failure\n".encode()
    assert run("setlock", "-n", held, "/bin/echo", "hi") == (111, b"", fatal)


def test_the_last_option_wins(run, held):
    fatal = f"setlock: fatal: unable to lock {held}: temporary failure\n".encode()
    assert run("setlock", "-Nnx", held, "/bin/echo", "hi") == (0, b"", b"")
    assert run("setlock", "-NxnX", held, "/bin/echo", "hi") == (111, b"", fatal)


@pytest.mark.parametrize("options", [[], ["-nN"]])
def test_waiting_for_the_lock(background, tmp_path, options):
    path = str(tmp_path / "lock")
    with open(path, "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = processes.module("setlock", *options, path, "/bin/echo", "hi")
        child = background.start(command, stdout=subprocess.PIPE)
        eventually(lambda: f" {os.stat(path).st_ino} " in waiting_locks(), "it waits")
        assert child.poll() is None
    assert child.stdout.read() == b"hi\n"
    assert child.wait() == 0


def waiting_locks():
    """The lines of /proc/locks for those who wait."""
    with open("/proc/locks") as locks:
        return "".join(line.replace(":", " ") for line in locks if "->" in line)


def test_a_file_that_cannot_be_opened(run, tmp_path):
    fatal = b"setlock: fatal: unable to open no/lock: file does not exist\n"
    call = ("no/lock", "/bin/echo", "hi")
    assert run("setlock", *call, cwd=tmp_path) == (111, b"", fatal)
    assert run("setlock", "-x", *call, cwd=tmp_path) == (0, b"", b"")


def test_a_child_that_cannot_be_run_is_told_of_always(run, tmp_path):
    fatal = b"setlock: fatal: unable to run /nonexistent/child: file does not exist\n"
    assert run("setlock", "-x", "lock", "/nonexistent/child", cwd=tmp_path) == (111, b"", fatal)
