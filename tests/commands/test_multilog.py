from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess

import pytest

from tests.support import logdirs, processes
from tests.support.logdirs import Kept
from tests.support.patience import PATIENCE, eventually


def test_no_action_discards(run, tmp_path):
    assert run("multilog", stdin=b"gone\n", cwd=tmp_path) == (0, b"", b"")
    assert run("multilog", "main", "", stdin=b"gone\n", cwd=tmp_path) == (0, b"", b"")
    assert os.listdir(tmp_path) == []


def test_a_directory_gets_the_lines(run, tmp_path):
    assert run("multilog", "./log", stdin=b"one\n\ntwo", cwd=tmp_path) == (0, b"", b"")
    assert logdirs.kept(tmp_path / "log") == [
        Kept("current", 0o744, b"one\n\ntwo\n"),
        Kept("lock", 0o600, b""),
        Kept("state", 0o644, b""),
    ]
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o700


def test_lines_are_stamped(run, tmp_path):
    run("multilog", "t", "./log", stdin=b"one\n\n", cwd=tmp_path)
    label = rb"@40000000[0-9a-f]{16} "
    assert re.fullmatch(label + b"one\n" + label + b"\n", logdirs.logged(tmp_path / "log"))


def test_copies_end_at_200_bytes(run):
    stdin = b"".join(b"x" * length + b"\n" for length in (199, 200, 201))
    told = b"x" * 199 + b"\n" + b"x" * 200 + b"\n" + b"x" * 200 + b"...\n"
    assert run("multilog", "e", stdin=stdin) == (0, b"", told)


def test_copies_of_a_line_come_together(run):
    told = b"one\none\ntwo\n"
    assert run("multilog", "e", "-two", "e", stdin=b"one\ntwo\n") == (0, b"", told)


def test_a_status_file_shows_the_last_line(run, tmp_path):
    (tmp_path / "longer").write_bytes(b"z" * 1500)
    run("multilog", "=new", "=longer", stdin=b"one\ntwo\n", cwd=tmp_path)
    shown = b"two" + b"\n" * 998
    assert (tmp_path / "new").read_bytes() == shown
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "longer").read_bytes() == shown + b"z" * 499


@pytest.mark.parametrize(
    ("action", "trouble"),
    [
        ("=no/file", "create no/file: file does not exist"),
        ("=./", "create ./: is a directory"),
        ("./no/log", "open directory ./no/log: file does not exist"),
        ("./file", "open directory ./file: not a directory"),
        ("./stuck", "write to ./stuck/state: is a directory"),
        ("./loop", "stat ./loop/current: symbolic link loop"),
    ],
)
def test_what_cannot_begin(run, tmp_path, action, trouble):
    (tmp_path / "stuck/state").mkdir(parents=True)
    (tmp_path / "loop").mkdir()
    (tmp_path / "loop/current").symlink_to("current")
    (tmp_path / "file").touch()
    done = run("multilog", action, cwd=tmp_path)
    told = f"multilog: fatal: unable to {trouble}\n".encode()
    assert done == (111, b"", told)


def test_a_closed_standard_error_costs_nothing(tmp_path):
    argv = ["/bin/sh", "-c", 'exec "$@" 2>&-', "sh", *processes.module("multilog", "e", "./log")]
    done = processes.finish(argv, b"line\n", cwd=tmp_path)
    assert done.code == 0
    assert logdirs.logged(tmp_path / "log") == b"line\n"


@pytest.mark.parametrize("closed", ["0<&-", "2>&-", "0<&- 1>&- 2>&-"])
@pytest.mark.parametrize("places", [["./log"], ["=status", "./log"], ["./log", "./more"]])
def test_what_is_told_never_gets_into_a_log(tmp_path, closed, places):
    """A file of ours must not become descriptor 2: the warnings, and what «e» copies, would be
    written into it."""
    stuck = tmp_path / "log" / ("@" + "0" * 24 + ".s")
    stuck.mkdir(parents=True)
    (tmp_path / "log/current").write_bytes(b"old\n")
    command = ["/bin/sh", "-c", f'exec "$@" {closed}', "sh"]
    argv = [*command, *processes.module("multilog", "n2", *places, "e")]
    assert processes.finish(argv, b"line\n", cwd=tmp_path).code == 0
    stuck.rmdir()
    line = b"" if "0" in closed else b"line\n"
    assert logdirs.logged(tmp_path / "log") == b"old\n" + line
    for name in ("lock", "state"):
        assert (tmp_path / "log" / name).read_bytes() == b""
    if "=status" in places:
        assert (tmp_path / "status").read_bytes() == (line[:-1].ljust(1001, b"\n") if line else b"")


def test_a_processor_may_speak_though_standard_error_was_closed(tmp_path):
    argv = processes.module("multilog", "s4096", "!cat; echo told >&2", "./log")
    command = ["/bin/sh", "-c", 'exec "$@" 1>&- 2>&-', "sh", *argv]
    assert processes.finish(command, b"x\n" * 2000, cwd=tmp_path).code == 0
    assert logdirs.codes(tmp_path / "log") == ["s"]


def test_a_processor_works_under_a_parent_that_ignores_and_blocks_everything(tmp_path):
    def stubborn() -> None:
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD})

    done = processes.finish(
        processes.module("multilog", "s4096", "!tr x y", "./log"),
        b"x" * 99 + b"\n" + b"x\n" * 2000,
        cwd=tmp_path,
        preexec_fn=stubborn,
    )
    assert (done.code, done.stderr) == (0, b"")
    assert logdirs.codes(tmp_path / "log")[0] == "s"
    assert logdirs.logged(tmp_path / "log").startswith(b"y" * 99)


def start(background, folder, *argv: str, **options):
    """multilog with pipes, once it has opened its directory ./log."""
    options = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    process = background.start(processes.module("multilog", *argv), cwd=folder, **options)
    eventually(lambda: (folder / "log/current").exists())
    return process


def holds(path, content: bytes):
    return eventually(lambda: path.exists() and path.read_bytes() == content, f"{path}")


def test_a_reader_of_standard_error_may_end(background, tmp_path):
    process = start(background, tmp_path, "e", "./log")
    process.stderr.close()
    process.stdin.write(b"one\ntwo\n")
    process.stdin.close()
    assert process.wait(PATIENCE) == 0
    assert logdirs.logged(tmp_path / "log") == b"one\ntwo\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_what_asks_it_to_end_ends_it_between_lines(background, tmp_path, number):
    process = start(background, tmp_path, "./log")
    process.stdin.write(b"one\n")
    process.stdin.flush()
    holds(tmp_path / "log/current", b"one\n")
    process.send_signal(number)
    assert process.wait(PATIENCE) == 0
    assert (tmp_path / "log/current").stat().st_mode & 0o777 == 0o744


def test_term_waits_for_the_end_of_the_line_and_leaves_the_rest_to_the_next(background, tmp_path):
    source, sink = os.pipe()
    process = start(background, tmp_path, "./log", "e", stdin=source)
    # A long line is seen at once, so that we know when its beginning has been read.
    os.write(sink, b"x" * 1500)
    holds(tmp_path / "log/current", b"x" * 1500)
    process.terminate()
    eventually(lambda: not pending(process.pid, signal.SIGTERM))
    os.write(sink, b"end\nnext\n")
    assert process.wait(PATIENCE) == 0
    assert logdirs.logged(tmp_path / "log") == b"x" * 1500 + b"end\n"
    assert os.read(source, 100) == b"next\n"
    os.close(source)
    os.close(sink)


def pending(pid: int, number: int) -> bool:
    """Whether a process has not yet been given a signal that was sent to it."""
    with open(f"/proc/{pid}/status", "rb") as status:
        text = status.read().decode()
    words = re.findall(r"^(?:SigPnd|ShdPnd):\s*([0-9a-f]+)$", text, re.MULTILINE)
    return any(int(word, 16) >> (number - 1) & 1 for word in words)


def test_alarm_rotates_what_is_not_empty(background, tmp_path):
    process = start(background, tmp_path, "./log", "-*", "./none")
    process.stdin.write(b"one\n")
    process.stdin.flush()
    holds(tmp_path / "log/current", b"one\n")
    process.send_signal(signal.SIGALRM)
    eventually(lambda: logdirs.codes(tmp_path / "log") == ["s"])
    process.stdin.write(b"two\n")
    process.stdin.close()
    assert process.wait(PATIENCE) == 0
    assert [kept.content for kept in logdirs.kept(tmp_path / "log")][:2] == [b"one\n", b"two\n"]
    assert logdirs.codes(tmp_path / "none") == []


def test_a_killed_multilog_is_gone_on_with(background, run, tmp_path):
    process = start(background, tmp_path, "./log")
    process.stdin.write(b"one\n")
    process.stdin.flush()
    holds(tmp_path / "log/current", b"one\n")
    process.kill()
    process.wait(PATIENCE)
    assert (tmp_path / "log/current").stat().st_mode & 0o777 == 0o644
    run("multilog", "./log", stdin=b"two\n", cwd=tmp_path)
    assert logdirs.kept(tmp_path / "log") == [
        Kept("current", 0o744, b"one\ntwo\n"),
        Kept("lock", 0o600, b""),
        Kept("state", 0o644, b""),
    ]


def test_an_input_that_does_not_block_is_waited_for(background, tmp_path):
    source, sink = os.pipe()
    os.set_blocking(source, False)
    process = start(background, tmp_path, "./log", stdin=source)
    os.close(source)
    os.write(sink, b"late\n")
    holds(tmp_path / "log/current", b"late\n")
    os.close(sink)
    assert process.wait(PATIENCE) == 0


def test_term_gives_up_a_status_file_that_cannot_be_written_but_no_log(background, tmp_path):
    reader = os.open(fifo(tmp_path / "status"), os.O_RDONLY | os.O_NONBLOCK)
    process = start(background, tmp_path, "=status", "./log")
    process.stdin.write(b"one\ntwo\n")
    process.stdin.flush()
    warning = b"multilog: warning: unable to move to beginning of status, pausing: "
    assert process.stderr.readline() == warning + b"unseekable descriptor\n"
    process.terminate()
    assert process.wait(PATIENCE) == 111
    assert process.stderr.read() == b""
    assert logdirs.logged(tmp_path / "log") == b"one\ntwo\n"
    assert (tmp_path / "log/current").stat().st_mode & 0o777 == 0o744
    os.close(reader)


def fifo(path):
    os.mkfifo(path)
    return path


@pytest.fixture
def small_disk(tmp_path):
    """A directory on a disk of 16 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = processes.finish(["/bin/mount", "-t", "tmpfs", "-o", "size=16k", "none", str(disk)])
    if mounted.code != 0:
        pytest.skip("needs leave to mount")
    yield disk
    processes.finish(["/bin/umount", "-l", str(disk)])


FULL = b"unable to write to ./log/current"
STOPPED = b"multilog: warning: stopped, going on with ./log/spool at the next start\n"


@pytest.mark.needs_root
def test_term_ends_a_multilog_on_a_full_disk_and_the_next_one_goes_on(background, small_disk):
    lines = b"123456789\n" * 3000
    source, sink = os.pipe()
    process = start(background, small_disk, "./log", stdin=source)
    os.write(sink, lines)
    assert process.stderr.readline().startswith(b"multilog: warning: " + FULL)
    process.terminate()
    assert process.wait(PATIENCE) == 111
    assert process.stderr.read().endswith(STOPPED)
    assert (small_disk / "log/current").stat().st_mode & 0o777 == 0o644
    processes.finish(["/bin/mount", "-o", "remount,size=1m", str(small_disk)])
    os.close(sink)
    assert start(background, small_disk, "./log", stdin=source).wait(PATIENCE) == 0
    os.close(source)
    assert logdirs.logged(small_disk / "log") == lines


@pytest.mark.needs_root
def test_a_full_disk_may_cost_the_oldest_logs(background, small_disk):
    lines = b"".join(b"%09d\n" % number for number in range(9000))
    process = start(background, small_disk, "s4096", "n99", "ddelete", "./log")
    process.stdin.write(lines)
    process.stdin.close()
    assert process.wait(PATIENCE) == 0
    told = process.stderr.read().splitlines()
    pattern = rb"multilog: warning: unable to [ a-z./]+, removing ./log/@[0-9a-f]{24}\.s: [a-z ]+"
    assert told
    assert all(re.fullmatch(pattern, line) for line in told)
    kept = logdirs.logged(small_disk / "log")
    assert kept.startswith(b"0")
    assert lines.endswith(kept)


def lines_and_losses(text: bytes) -> tuple[list[int], int]:
    """The numbers of the lines of a log, and how many it says were dropped; each line is one or
    the other."""
    numbers, dropped = [], 0
    for line in text.splitlines():
        told = re.fullmatch(rb"multilog: warning: (\d+) lines dropped", line)
        if told:
            dropped += int(told[1])
        else:
            assert re.fullmatch(rb"\d{9}", line)
            numbers.append(int(line))
    return numbers, dropped


def ended(process, disk) -> tuple[list[int], int]:
    """What is in its log at the end of its input."""
    process.stdin.close()
    assert process.wait(PATIENCE) == 0
    return lines_and_losses(logdirs.logged(disk / "log"))


def fill(disk):
    """A file that takes all that is free; returns it."""
    ballast = disk / "ballast"
    with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 512)
    return ballast


@pytest.mark.needs_root
def test_a_full_disk_may_cost_lines_that_are_counted(background, small_disk):
    process = start(background, small_disk, "ddrop", "./log")
    ballast = fill(small_disk)
    for number in range(9000):
        process.stdin.write(b"%09d\n" % number)
    process.stdin.flush()
    told = process.stderr.readline()
    assert re.fullmatch(rb"multilog: warning: unable to [^:]+, dropping lines: [^:]+\n", told)
    process.stdin.write(b"%09d\n" % 9000)
    ballast.unlink()
    process.stdin.write(b"%09d\n" % 9001)
    numbers, dropped = ended(process, small_disk)
    assert dropped > 0
    assert len(numbers) + dropped == 9002
    assert numbers == sorted(set(numbers))


@pytest.mark.needs_root
def test_lines_that_were_dropped_are_told_by_the_next_multilog(background, small_disk):
    process = start(background, small_disk, "ddrop", "./log")
    ballast = fill(small_disk)
    for number in range(3000):
        process.stdin.write(b"%09d\n" % number)
    process.stdin.close()
    assert process.wait(PATIENCE) == 111
    assert process.stderr.read().endswith(STOPPED)
    ballast.unlink()
    numbers, dropped = ended(start(background, small_disk, "./log"), small_disk)
    assert len(numbers) + dropped == 3000
    assert numbers == list(range(len(numbers)))
