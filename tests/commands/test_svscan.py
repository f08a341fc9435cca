from __future__ import annotations

import os
import re

import pytest

from supervise.commands import svscan
from tests.support import processes, trees
from tests.support.patience import eventually


def test_a_directory_that_is_not_there(run, tmp_path):
    done = run("svscan", "missing", cwd=tmp_path)
    assert done == (111, b"", b"svscan: fatal: unable to chdir to missing: file does not exist\n")


def test_a_directory_that_is_a_file(run, tmp_path):
    (tmp_path / "file").touch()
    done = run("svscan", "file", cwd=tmp_path)
    assert done == (111, b"", b"svscan: fatal: unable to chdir to file: not a directory\n")


def test_a_service_that_stops_everything(run, tmp_path):
    """The scan directory is the current one; svscan is the grandparent of the service."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a/run").write_text(
        "#!/bin/sh\n"
        "svscan=$(sed -n 's/^PPid:[^0-9]*//p' /proc/$PPID/status)\n"
        "echo stop; trap 'exit' TERM; kill $svscan; while :; do :; done\n"
    )
    (tmp_path / "a/run").chmod(0o755)
    assert run("svscan", cwd=tmp_path) == (0, b"stop\n", b"")


@pytest.fixture
def path(monkeypatch):
    """Set PATH, and look at what svscan makes of it."""

    def change(value: bytes | None) -> bytes:
        monkeypatch.setattr(os, "environb", {} if value is None else {b"PATH": value})
        svscan.put_our_programs_first()
        return os.environb[b"PATH"]

    return change


def test_our_programs_come_first(path):
    ours = os.fsencode(processes.SCRIPTS)
    assert path(b"/usr/bin") == ours + b":/usr/bin"
    assert path(ours + b":/usr/bin") == ours + b":/usr/bin"
    assert path(None) == ours + b":/bin:/usr/bin"
    assert path(b"") == ours + b":"


USAGE = (
    b"svscan: usage: svscan [ --daemon | --status | --stop | --reexec ] [ --pidfile file ]"
    b" [ directory ]\n"
)


def test_the_options_that_are_told_of_are_those_that_are_known():
    told = re.findall(r"^    --(\w+) ", svscan.__doc__, re.MULTILINE)
    assert sorted(told) == sorted([*svscan.ACTIONS, "pidfile"])


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--daemon", "--stop"], b""),
        (["--pidfile", "file"], b""),
        (["--pidfile", "file", "--"], b""),
        (["--daemon", "--pidfile"], b"svscan: option requires an argument -- pidfile\n"),
        (["--demon"], b"svscan: illegal option -- demon\n"),
        (["--stop", "--help"], b"svscan: illegal option -- help\n"),
        (["--resume"], b""),
        (["--rehearse", "x"], b""),
        (["--rehearse", "7", "directory"], b""),
        (["--stop", "--resume", "7"], b"svscan: illegal option -- resume\n"),
    ],
)
def test_wrong_usage(run, tmp_path, argv, said):
    assert run("svscan", *argv, cwd=tmp_path) == (100, b"", said + USAGE)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_looks_like_options(run, tmp_path):
    for directory in (["-x"], ["--", "--stop"], ["./--stop"]):
        done = run("svscan", *directory, cwd=tmp_path)
        failure = f"svscan: fatal: unable to chdir to {directory[-1]}: file does not exist\n"
        assert done == (111, b"", failure.encode())


@pytest.mark.parametrize("option", ["--resume", "--rehearse"])
def test_who_has_nothing_to_hand_over(run, tmp_path, option):
    said = b"svscan: fatal: unable to read state: file descriptor not open\n"
    assert run("svscan", option, "9999", cwd=tmp_path) == (111, b"", said)
    with (tmp_path / "state").open("w+b") as state:
        state.write(b"svscan handover 2\n")
        state.flush()
        words = processes.module("svscan", option, str(state.fileno()))
        done = processes.finish(words, cwd=tmp_path, pass_fds=[state.fileno()])
    assert done == (111, b"", b"svscan: fatal: unable to read state: protocol error\n")


@pytest.mark.parametrize("option", ["--daemon", "--status", "--stop", "--reexec"])
def test_a_directory_that_is_not_there_in_the_background(run, tmp_path, option):
    done = run("svscan", option, "missing", cwd=tmp_path)
    assert done == (111, b"", b"svscan: fatal: unable to chdir to missing: file does not exist\n")


def test_nobody_runs(run, tmp_path):
    told = b"svscan: not running\n"
    assert run("svscan", "--status", cwd=tmp_path) == (100, told, b"")
    assert run("svscan", "--stop", str(tmp_path)) == (0, told, b"")
    told = f"svscan: no pid in {tmp_path}/.svscan/pid; send HUP to one without --daemon\n".encode()
    assert run("svscan", "--reexec", str(tmp_path)) == (100, told, b"")
    assert list(tmp_path.iterdir()) == [], "nothing was made"


def test_there_and_back(run, tmp_path):
    """The pid file may be named from where one is."""
    service = trees.make_service(tmp_path / "scan/a")
    words = ("--pidfile", "own/pid", "scan")
    assert run("svscan", "--daemon", *words, cwd=tmp_path) == (0, b"", b"")
    assert trees.is_supervised(service)
    pid = (tmp_path / "own/pid").read_text().strip()
    done = run("svscan", "--status", *words, cwd=tmp_path)
    assert (done.code, done.stderr) == (0, b"")
    assert re.fullmatch(rb"svscan: up \(pid %b\) \d+ seconds\n" % pid.encode(), done.stdout)
    assert run("svscan", "--status", "scan", cwd=tmp_path).code == 100, "another pid file"
    assert run("svscan", "--reexec", *words, cwd=tmp_path) == (0, b"", b"")
    assert (tmp_path / "own/pid").read_text().strip() == pid
    assert run("svscan", "--stop", *words, cwd=tmp_path) == (0, b"", b"")
    assert trees.ended(int(pid))
    assert not trees.is_supervised(service)
    assert (tmp_path / "own/pid").read_text() == ""
    eventually(lambda: processes.children() == [], "readproctitle has ended")
