"""Log directories in this process: recovery, rotation, trouble that passes, and orders to stop."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from supervise import errors, program
from supervise.drivers.fulldisk import KINDS
from supervise.drivers.logdir import NO_BLOCK, LogDirectory
from supervise.drivers.processor import Processor
from supervise.formats import pattern
from supervise.formats.logscript import Full
from supervise.formats.spool import Point
from supervise.machines.logline import Segment
from supervise.machines.routing import Followed
from tests.support import logdirs
from tests.support.logdirs import Kept

LINE = b"0123456789" * 5 + b"\n"
FILE = LINE * 45  # ends a file of 4096 bytes, when written at once


@pytest.fixture
def opened():
    directories: list[LogDirectory] = []
    yield directories
    for directory in directories:
        current, spool = directory.current.descriptor, directory.spool.descriptor
        for descriptor in (directory.directory, directory.lock, current, spool):
            if descriptor >= 0:
                os.close(descriptor)


@pytest.fixture
def make(orders, opened, tmp_path):
    """Open the log directory `log`."""

    def open_directory(
        processor: str | None = None, number: int = 10, full: Full = "block"
    ) -> LogDirectory:
        os.chdir(tmp_path)
        persistence = KINDS[full]("log", orders)
        runner = processor and Processor("log", processor, persistence, program.execute)
        everything = Followed(pattern.selection(()))
        opened.append(LogDirectory("log", 4096, number, everything, persistence, runner or None))
        return opened[-1]

    return open_directory


def put(directory: LogDirectory, text: bytes) -> None:
    """Have a directory take whole lines, as one block."""
    directory.take([Segment("lines", text)], NO_BLOCK, Point())


def finish(directory: LogDirectory) -> None:
    directory.finish(NO_BLOCK)
    if not directory.abandoned:
        directory.remove_spool()


FRESH = [Kept("current", 0o744, b"NEW\n"), Kept("lock", 0o600, b""), Kept("state", 0o644, b"")]
CURRENT = {"current": (0o644, b"current")}
PREVIOUS = {"previous": (0o744, b"previous")}
PROCESSED = {"processed": (0o744, b"processed")}


@pytest.mark.parametrize(
    ("before", "old"),
    [
        ({}, []),
        (CURRENT, [Kept("u", 0o644, b"current")]),
        ({"current": (0o644, b"")}, [Kept("u", 0o644, b"")]),
        ({"current": (0o600, b"C")}, [Kept("u", 0o600, b"C")]),
        (PREVIOUS, [Kept("u", 0o744, b"previous")]),
        ({**PREVIOUS, **CURRENT}, [Kept("u", 0o744, b"previous"), Kept("u", 0o644, b"current")]),
        (
            {**PREVIOUS, **CURRENT, "processed": (0o644, b"half")},
            [Kept("u", 0o744, b"previous"), Kept("u", 0o644, b"current")],
        ),
        (
            {**PREVIOUS, **CURRENT, **PROCESSED},
            [Kept("s", 0o744, b"processed"), Kept("u", 0o644, b"current")],
        ),
        ({**PROCESSED, **CURRENT}, [Kept("s", 0o744, b"processed"), Kept("u", 0o644, b"current")]),
        ({"state": (0o644, b"x"), "newstate": (0o644, b"y")}, []),
    ],
)
def test_what_a_killed_multilog_left_is_kept(before, old, make, tmp_path):
    (tmp_path / "log").mkdir()
    for name, (mode, content) in before.items():
        (tmp_path / "log" / name).write_bytes(content)
        (tmp_path / "log" / name).chmod(mode)
    directory = make()
    put(directory, b"NEW\n")
    finish(directory)
    assert logdirs.kept(tmp_path / "log") == old + FRESH


@pytest.mark.parametrize("mode", [0o744, 0o700, 0o755])
def test_a_clean_current_is_gone_on_with_and_the_rest_left_alone(mode, make, tmp_path):
    (tmp_path / "log").mkdir()
    for name in ("previous", "newstate"):
        (tmp_path / "log" / name).write_bytes(b"left")
    (tmp_path / "log/current").write_bytes(b"OLD\n")
    (tmp_path / "log/current").chmod(mode)
    directory = make()
    directory.settle(0, Point())
    assert (tmp_path / "log/current").stat().st_mode & 0o777 == 0o644
    put(directory, b"NEW\n")
    finish(directory)
    assert {kept.name: kept.content for kept in logdirs.kept(tmp_path / "log")} == {
        "current": b"OLD\nNEW\n", "previous": b"left", "newstate": b"left", "lock": b"",
    }  # fmt: skip


def test_a_previous_that_has_its_label_already_is_only_removed(make, tmp_path):
    (tmp_path / "log").mkdir()
    (tmp_path / "log/previous").write_bytes(b"P")
    name = "@" + "0" * 24 + ".s"
    (tmp_path / "log" / name).hardlink_to(tmp_path / "log/previous")
    finish(make())
    assert logdirs.codes(tmp_path / "log") == ["s"]
    assert not (tmp_path / "log/previous").exists()


def test_a_directory_is_ours_alone(make):
    make()
    with pytest.raises(errors.Failure, match=r"^unable to lock directory log: temporary failure$"):
        make()


def test_old_logs_are_one_fewer_than_the_number(make, tmp_path):
    directory = make(number=3)
    for letter in b"abcd":
        put(directory, FILE.replace(b"0", bytes([letter])))
    contents = [kept.content[:1] for kept in logdirs.kept(tmp_path / "log") if kept.name == "s"]
    assert contents == [b"c", b"d"]


def test_alarm_rotates_only_what_is_not_empty(make, tmp_path):
    directory = make()
    directory.rotate_early()
    assert logdirs.codes(tmp_path / "log") == []
    put(directory, LINE)
    directory.rotate_early()
    assert logdirs.codes(tmp_path / "log") == ["s"]


STEPS = {
    "fchdir": "unable to switch to log",
    "fsync": "unable to write log/current to disk",
    "rename": "unable to rename current to previous in directory log",
    "open": "unable to create log/current",
    "fchmod": "unable to set mode of log/current",
    "chmod": "unable to set mode of log/previous",
    "stat": "unable to stat log/previous",
    "unlink": "unable to remove log/previous",
    "listdir": "unable to read log",
    "write": "unable to write to log/current",
}


@pytest.mark.parametrize("step", STEPS)
def test_each_step_of_a_rotation_is_tried_until_it_can_be_done(
    step, make, failing, monkeypatch, capfd, tmp_path
):
    directory = make()
    directory.settle(0, Point())
    failing(step, times=2)
    put(directory, FILE)
    monkeypatch.undo()
    finish(directory)
    warning = f"multilog: warning: {STEPS[step]}, pausing: input/output error\n"
    assert capfd.readouterr().err == warning * 2
    assert logdirs.kept(tmp_path / "log")[:2] == [
        Kept("s", 0o744, FILE),
        Kept("current", 0o744, b""),
    ]


def test_a_processor_makes_the_log_and_passes_its_state_on(make, tmp_path):
    directory = make("tr 0 X; cat <&4 >&5; echo run >&5")
    put(directory, FILE)
    put(directory, FILE)
    made = FILE.replace(b"0", b"X")
    finish(directory)
    assert logdirs.kept(tmp_path / "log") == [
        Kept("s", 0o744, made),
        Kept("s", 0o744, made),
        Kept("current", 0o744, b""),
        Kept("lock", 0o600, b""),
        Kept("state", 0o644, b"run\nrun\n"),
    ]


def test_told_to_stop_while_a_directory_cannot_be_opened(make, failing, tmp_path):
    Path(tmp_path, "log").mkdir()
    Path(tmp_path, "log/current").touch(0o644)
    failing("link", times=1, stop=True)
    with pytest.raises(errors.Failure, match=r"^stopped before log could be opened$"):
        make()


def test_a_current_that_somebody_removed_is_replaced_at_the_next_rotation(make, tmp_path, capfd):
    """The originals wait for it for ever, and the service with them."""
    directory = make()
    put(directory, LINE)
    (tmp_path / "log/current").unlink()
    put(directory, FILE)
    put(directory, LINE)
    assert capfd.readouterr().err == ("multilog: warning: log/current is gone, beginning another\n")
    assert logdirs.kept(tmp_path / "log")[0] == Kept("current", 0o644, LINE)
    put(directory, FILE)
    assert logdirs.codes(tmp_path / "log") == ["s"]


def test_a_current_that_somebody_moved_away_keeps_what_it_got(make, tmp_path):
    directory = make("cat")
    put(directory, LINE)
    (tmp_path / "log/current").rename(tmp_path / "mine")
    put(directory, FILE)
    put(directory, b"next\n")
    assert (tmp_path / "mine").read_bytes() == LINE + FILE
    assert logdirs.logged(tmp_path / "log") == b"next\n"


def test_a_directory_that_is_renamed_is_written_all_the_same(make, tmp_path):
    directory = make()
    (tmp_path / "log").rename(tmp_path / "other")
    put(directory, FILE)
    put(directory, LINE)
    finish(directory)
    assert logdirs.logged(tmp_path / "other") == FILE + LINE
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EAGAIN, errno.EFBIG])
def test_a_disk_that_is_full_at_any_byte_costs_none(make, monkeypatch, tmp_path, number):
    """Each write takes a part only, and then there is trouble once, at every byte of a line."""
    directory = make()
    real, calls = os.write, [0]

    def almost_full(descriptor: int, text: bytes) -> int:
        if descriptor != directory.current.descriptor:
            return real(descriptor, text)
        calls[0] += 1
        if calls[0] % 2:
            raise OSError(number, "made up")
        return real(descriptor, text[: calls[0] // 2])

    directory.persistence.orders.first_pause = 0.0
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", almost_full)
        for _ in range(100):
            put(directory, LINE)
        finish(directory)
    assert logdirs.logged(tmp_path / "log") == LINE * 100
    assert logdirs.codes(tmp_path / "log") == ["s", "s"]
    assert calls[0] > 100


def test_a_read_only_disk_is_told_at_the_start(make, failing, tmp_path):
    (tmp_path / "log").mkdir()
    failing("open", 2, errno.EROFS)
    with pytest.raises(errors.Failure, match=r"^unable to open directory log: read-only file"):
        make()


@pytest.mark.parametrize("there", ["directory", "fifo"])
def test_a_current_that_is_no_file_is_told_at_the_start(make, tmp_path, there):
    (tmp_path / "log").mkdir()
    if there == "directory":
        (tmp_path / "log/current").mkdir()
    else:
        os.mkfifo(tmp_path / "log/current", 0o700)
    with pytest.raises(errors.Failure, match=r"^unable to append to log/current: "):
        make()
