"""Standard input to the places of a script, in a process whose descriptor 0 is ours to give."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest

from supervise import errors, program
from supervise.drivers.intake import Intake, Places
from supervise.drivers.orders import Orders
from supervise.formats import logscript
from supervise.unix import descriptors, files
from tests.support import logdirs
from tests.support.forks import in_a_fork
from tests.support.pipes import full_pipe


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def begin(*words: str) -> Intake:
    """An intake with that script, its places open."""
    script = logscript.parse(os.fsencode(word) for word in words)
    orders = Orders(pause=0.01)
    places = Places(script, files.open_read("."), orders, program.execute)
    return Intake(script.stamped, places, orders)


def feed(*words: str, text: bytes) -> bool:
    """Run a script over a text; whether anything was abandoned."""

    def run() -> bool:
        Path("stdin").write_bytes(text)
        descriptors.move(files.open_read("stdin"), 0)
        intake = begin(*words)
        intake.run()
        return intake.abandoned

    return in_a_fork(run)


def test_each_place_sees_the_selection_before_it(here, capfd):
    text = b"one\ntwo\nthree\n"
    assert not feed("./all", "-t*", "e", "=status", "./some", "+*ee", "./more", text=text)
    assert logdirs.logged(here / "all") == text
    assert logdirs.logged(here / "some") == b"one\n"
    assert logdirs.logged(here / "more") == b"one\nthree\n"
    assert capfd.readouterr().err == "one\n"
    assert (here / "status").read_bytes() == b"one" + b"\n" * 998


@pytest.mark.parametrize("stamped", [True, False])
@pytest.mark.parametrize("length", [0, 1, 973, 974, 975, 999, 1000, 1001, 1024, 10**6])
def test_a_line_of_any_length_is_logged_whole(here, length, stamped):
    """The actions see its first 1000 bytes, and the tail follows them."""
    line = b"x" * length
    text = line + b"\n" + b"y" * length + b"\n"
    assert not feed(*["t"] * stamped, "s16777215", "./log", "-*y*", "./x", text=text)
    sizes = [len(each) for each in logdirs.logged(here / "log").split(b"\n")]
    assert sizes == [length + 26 * stamped] * 2 + [0]
    assert logdirs.logged(here / "log").replace(line, b"").count(b"y") == length
    assert logdirs.logged(here / "x").endswith(line + b"\n")


def test_a_line_without_its_end_gets_one(here):
    feed("./log", text=b"one\ntwo")
    assert logdirs.logged(here / "log") == b"one\ntwo\n"


def test_a_hundred_directories_get_every_line(here):
    text = b"".join(b"line %d\n" % number for number in range(2000))
    names = [f"./log{number}" for number in range(100)]
    assert not feed("s4096", "n99", *names, text=text)
    assert {logdirs.logged(here / name) for name in names} == {text}


def stopped_in_trouble(name: str, *words: str, text: bytes, path: str = "") -> bool:
    """Run a script over a text; the first call of a function of os, of a path that ends so, fails
    and brings TERM. Returns whether anything was abandoned."""

    def run() -> bool:
        descriptors.move(full_pipe(text), 0)
        intake = begin(*words)
        real = getattr(os, name)
        told = []

        def fail(*arguments: object, **options: object) -> object:
            if told or (name == "write" and arguments[0] in (1, 2)):
                return real(*arguments, **options)
            told.append(True)
            os.kill(os.getpid(), signal.SIGTERM)
            raise OSError(errno.EIO, "made up")

        setattr(os, name, fail)
        intake.run()
        setattr(os, name, real)
        return intake.abandoned

    return in_a_fork(run)


STEPS = {
    "chmod": "set mode of ./log/previous",
    "fchdir": "switch to ./log",
    "fsync": "write ./log/current to disk",
    "link": None,
    "listdir": "read ./log",
    "rename": "rename current to previous in directory ./log",
    "stat": "stat ./log/previous",
    "unlink": "remove ./log/previous",
    "write": "write to ./log/current",
}


@pytest.mark.parametrize("step", STEPS)
def test_told_to_stop_in_trouble_the_next_multilog_goes_on(here, step, capfd):
    text = b"0123456789\n" * 500
    assert stopped_in_trouble(step, "s4096", "./log", text=text)
    told = capfd.readouterr().err.splitlines()
    if STEPS[step] is not None:
        trouble = f"unable to {STEPS[step]}, pausing: input/output error"
        assert told[0] == f"multilog: warning: {trouble}"
    assert told[-1] == "multilog: warning: stopped, going on with ./log/spool at the next start"
    assert not feed("s4096", "./log", text=b"new\n")
    assert logdirs.logged(here / "log") == text + b"new\n"
    assert "u" not in logdirs.codes(here / "log")
    assert "spool" not in os.listdir(here / "log")


def test_told_to_stop_while_the_spool_cannot_be_emptied_it_is_not_needed(here, capfd):
    assert not stopped_in_trouble("ftruncate", "./log", text=b"line\n")
    assert "unable to truncate ./log/spool, pausing" in capfd.readouterr().err
    assert logdirs.logged(here / "log") == b"line\n"
    assert "spool" not in os.listdir(here / "log")


def test_told_to_stop_while_a_processor_fails_the_next_multilog_goes_on(here, capfd):
    text = b"0123456789\n" * 500
    script = ("s4096", "!test -e ready && cat; s=$?; kill -TERM $PPID; exit $s", "./log")
    assert feed(*script, text=text)
    assert capfd.readouterr().err == (
        "multilog: warning: processor failed in ./log, pausing\n"
        "multilog: warning: stopped, going on with ./log/spool at the next start\n"
    )
    (here / "log/ready").touch()
    feed(*script, text=b"")
    assert logdirs.logged(here / "log") == text


def test_one_disk_full_the_other_not(here, capfd):
    """Told to stop, what the first cannot take is kept; the second gets all of it, and once."""

    def run() -> bool:
        descriptors.move(files.open_read("stdin"), 0)
        intake = begin("./full", "./other")
        full = intake.places.directories[0].current
        real = os.write

        def no_space(descriptor: int, text: bytes) -> int:
            if descriptor != full.descriptor:
                return real(descriptor, text)
            os.kill(os.getpid(), signal.SIGTERM)
            raise OSError(errno.ENOSPC, "made up")

        os.write = no_space
        intake.run()
        os.write = real
        return intake.abandoned

    Path("stdin").write_bytes(b"one\ntwo\n")
    assert in_a_fork(run)
    assert logdirs.logged(here / "full") == b""
    assert logdirs.logged(here / "other") == b"one\ntwo\n"
    assert capfd.readouterr().err == (
        "multilog: warning: unable to write to ./full/current, pausing: out of disk space\n"
        "multilog: warning: stopped, going on with ./full/spool at the next start\n"
    )
    feed("./full", "./other", text=b"three\n")
    assert logdirs.logged(here / "full") == b"one\ntwo\nthree\n"
    assert logdirs.logged(here / "other") == b"one\ntwo\nthree\n"


def test_trouble_with_the_input_is_its_end(here):
    def run() -> bytes:
        descriptors.move(files.open_read("."), 0)  # a directory cannot be read
        begin("./log").run()
        return logdirs.logged(here / "log")

    assert in_a_fork(run) == b""
    assert (here / "log/current").stat().st_mode & 0o777 == 0o744


def test_told_to_stop_between_reading_and_writing_nothing_is_lost(here):
    """The signal comes as soon as the block has been read, in the middle of a line: the rest of
    the line is taken byte by byte, and what follows is left to the next reader."""

    def run() -> bytes:
        source, sink = os.pipe()
        os.write(sink, b"one\ntw")
        descriptors.move(source, 0)
        intake = begin("./log")
        real = os.splice

        def splice(source: int, target: int, size: int, **options: int) -> int:
            moved = real(source, target, size, **options)
            if moved == 6:
                os.kill(os.getpid(), signal.SIGTERM)
                os.write(sink, b"o\nleft\n")
            return moved

        os.splice = splice
        intake.run()
        return os.read(0, 100)

    assert in_a_fork(run) == b"left\n"
    assert logdirs.logged(here / "log") == b"one\ntwo\n"


def test_alarm_rotates_before_the_next_read(here):
    def run() -> list[str]:
        Path("stdin").write_bytes(b"new\n")
        descriptors.move(files.open_read("stdin"), 0)
        intake = begin("./log", "./empty")
        intake.take(b"old\n")
        intake.places.directories[1].current.rotation.size = 0
        os.kill(os.getpid(), signal.SIGALRM)
        intake.run()
        return logdirs.codes(here / "empty")

    assert in_a_fork(run) == []
    assert [kept.content for kept in logdirs.kept(here / "log")][:2] == [b"old\n", b"new\n"]


def test_a_standard_error_that_takes_nothing_costs_nothing(here):
    def run() -> bool:
        Path("stdin").write_bytes(b"line\n")
        descriptors.move(files.open_read("stdin"), 0)
        descriptors.move(os.open("/dev/full", os.O_WRONLY), 2)
        intake = begin("e", "./log")
        intake.run()
        return intake.abandoned

    assert not in_a_fork(run)
    assert logdirs.logged(here / "log") == b"line\n"


def test_names_are_seen_from_where_it_was_started(here):
    (here / "deep").mkdir()
    feed("./deep/one", "./two", "=status", text=b"x\n")
    assert sorted(os.listdir(here)) == ["deep", "status", "stdin", "two"]
    assert os.listdir(here / "deep") == ["one"]


def test_a_directory_that_cannot_be_opened_fails_before_any_input_is_read(here):
    def run() -> tuple[str, bytes]:
        source, sink = os.pipe()
        os.write(sink, b"kept")
        descriptors.move(source, 0)
        try:
            begin("./one", "./one")
        except errors.Failure as failure:
            return failure.text, os.read(0, 10)
        return "", b""

    assert in_a_fork(run) == ("unable to lock directory ./one: temporary failure", b"kept")
