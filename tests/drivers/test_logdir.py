"""Log directories in this process: recovery, rotation, trouble that passes, and orders to stop."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from supervise import errors, program
from supervise.drivers.logdir import LogDirectory
from supervise.drivers.processor import Processor
from supervise.machines.logline import Segment
from tests.support import logdirs
from tests.support.logdirs import Kept

LINE = b"0123456789" * 5 + b"\n"
FILE = LINE * 45  # ends a file of 4096 bytes, when written at once


@pytest.fixture
def opened():
    directories: list[LogDirectory] = []
    yield directories
    for directory in directories:
        for descriptor in (directory.directory, directory.lock, directory.current):
            if descriptor >= 0:
                os.close(descriptor)


@pytest.fixture
def make(orders, opened, tmp_path):
    """Open the log directory `log`."""

    def open_directory(processor: str | None = None, number: int = 10) -> LogDirectory:
        os.chdir(tmp_path)
        runner = processor and Processor("log", processor, orders, program.execute)
        opened.append(LogDirectory("log", 4096, number, orders, runner or None))
        return opened[-1]

    return open_directory


def lines(text: bytes) -> list[Segment]:
    return [Segment("lines", text)]


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
    directory.put(lines(b"NEW\n"))
    directory.finish()
    assert logdirs.kept(tmp_path / "log") == old + FRESH


@pytest.mark.parametrize("mode", [0o744, 0o700, 0o755])
def test_a_clean_current_is_gone_on_with_and_the_rest_left_alone(mode, make, tmp_path):
    (tmp_path / "log").mkdir()
    for name in ("previous", "newstate"):
        (tmp_path / "log" / name).write_bytes(b"left")
    (tmp_path / "log/current").write_bytes(b"OLD\n")
    (tmp_path / "log/current").chmod(mode)
    directory = make()
    assert (tmp_path / "log/current").stat().st_mode & 0o777 == 0o644
    directory.put(lines(b"NEW\n"))
    directory.finish()
    assert {kept.name: kept.content for kept in logdirs.kept(tmp_path / "log")} == {
        "current": b"OLD\nNEW\n", "previous": b"left", "newstate": b"left", "lock": b"",
    }  # fmt: skip


def test_a_previous_that_has_its_label_already_is_only_removed(make, tmp_path):
    (tmp_path / "log").mkdir()
    (tmp_path / "log/previous").write_bytes(b"P")
    name = "@" + "0" * 24 + ".s"
    (tmp_path / "log" / name).hardlink_to(tmp_path / "log/previous")
    make().finish()
    assert logdirs.codes(tmp_path / "log") == ["s"]
    assert not (tmp_path / "log/previous").exists()


def test_a_directory_is_ours_alone(make):
    make()
    with pytest.raises(errors.Failure, match=r"^unable to lock directory log: temporary failure$"):
        make()


def test_old_logs_are_one_fewer_than_the_number(make, tmp_path):
    directory = make(number=3)
    for letter in b"abcd":
        directory.put(lines(FILE.replace(b"0", bytes([letter]))))
    contents = [kept.content[:1] for kept in logdirs.kept(tmp_path / "log") if kept.name == "s"]
    assert contents == [b"c", b"d"]


def test_alarm_rotates_only_what_is_not_empty(make, tmp_path):
    directory = make()
    directory.rotate_early()
    assert logdirs.codes(tmp_path / "log") == []
    directory.put(lines(LINE))
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
    failing(step, times=2)
    directory.put(lines(FILE))
    monkeypatch.undo()
    directory.finish()
    warning = f"multilog: warning: {STEPS[step]}, pausing: input/output error\n"
    assert capfd.readouterr().err == warning * 2
    assert logdirs.kept(tmp_path / "log")[:2] == [
        Kept("s", 0o744, FILE),
        Kept("current", 0o744, b""),
    ]


@pytest.mark.parametrize("step", [*STEPS, "link"])
def test_told_to_stop_in_trouble_nothing_that_can_be_written_is_lost(
    step, make, orders, failing, monkeypatch, capfd, tmp_path
):
    """TERM during a pause: the rest goes to `current`, which stays unfinished, and the next start
    keeps all of it."""
    directory = make()
    failing(step, times=1, stop=True)
    directory.put(lines(FILE))
    directory.put(lines(b"last\n"))
    directory.finish()
    monkeypatch.undo()
    assert capfd.readouterr().err.endswith("stopped with 0 bytes not written to log/current\n")
    assert directory.abandoned
    assert not (tmp_path / "log/current").stat().st_mode & 0o100
    os.close(directory.lock)
    directory.lock = -1
    orders.stop = False
    make().finish()
    assert logdirs.logged(tmp_path / "log") == FILE + b"last\n"


def test_what_could_not_be_written_is_counted(make, orders, monkeypatch, capfd, tmp_path):
    directory = make()
    real = os.write

    def full(descriptor: int, text: bytes) -> int:
        if descriptor != directory.current:
            return real(descriptor, text)
        orders.stop = True
        raise OSError(errno.ENOSPC, "made up")

    directory.put(lines(b"kept\n"))
    monkeypatch.setattr(os, "write", full)
    directory.put(lines(b"1234\n"))
    monkeypatch.setattr(os, "write", real)
    directory.put(lines(b"no gap\n"))
    directory.finish()
    assert capfd.readouterr().err == (
        "multilog: warning: unable to write to log/current, pausing: out of disk space\n"
        "multilog: warning: stopped with 12 bytes not written to log/current\n"
    )
    assert (tmp_path / "log/current").read_bytes() == b"kept\n"


def test_a_processor_makes_the_log_and_passes_its_state_on(make, tmp_path):
    directory = make("tr 0 X; cat <&4 >&5; echo run >&5")
    directory.put(lines(FILE))
    directory.put(lines(FILE))
    made = FILE.replace(b"0", b"X")
    assert logdirs.kept(tmp_path / "log") == [
        Kept("s", 0o744, made),
        Kept("s", 0o744, made),
        Kept("current", 0o644, b""),
        Kept("lock", 0o600, b""),
        Kept("state", 0o644, b"run\nrun\n"),
    ]


def test_told_to_stop_while_a_processor_fails(make, orders, tmp_path, capfd):
    directory = make(f"kill -TERM {os.getpid()}; false")
    directory.put(lines(FILE))
    directory.put(lines(b"last\n"))
    directory.finish()
    assert directory.abandoned
    log = tmp_path / "log"
    assert (log / "previous").read_bytes() + (log / "current").read_bytes() == FILE + b"last\n"
    assert capfd.readouterr().err == (
        "multilog: warning: processor failed in log, pausing\n"
        "multilog: warning: stopped with 0 bytes not written to log/current\n"
    )


def test_told_to_stop_while_a_directory_cannot_be_opened(make, failing, tmp_path):
    Path(tmp_path, "log").mkdir()
    Path(tmp_path, "log/current").touch(0o644)
    failing("link", times=1, stop=True)
    with pytest.raises(errors.Failure, match=r"^stopped before log could be opened$"):
        make()


def test_a_current_that_somebody_removed_is_replaced_at_the_next_rotation(make, tmp_path, capfd):
    """The originals wait for it for ever, and the service with them."""
    directory = make()
    directory.put(lines(LINE))
    (tmp_path / "log/current").unlink()
    directory.put(lines(FILE))
    directory.put(lines(LINE))
    assert capfd.readouterr().err == ("multilog: warning: log/current is gone, beginning another\n")
    assert logdirs.kept(tmp_path / "log")[0] == Kept("current", 0o644, LINE)
    directory.put(lines(FILE))
    assert logdirs.codes(tmp_path / "log") == ["s"]


def test_a_current_that_somebody_moved_away_keeps_what_it_got(make, tmp_path):
    directory = make("cat")
    directory.put(lines(LINE))
    (tmp_path / "log/current").rename(tmp_path / "mine")
    directory.put(lines(FILE))
    directory.put(lines(b"next\n"))
    assert (tmp_path / "mine").read_bytes() == LINE + FILE
    assert logdirs.logged(tmp_path / "log") == b"next\n"


def test_a_directory_that_is_renamed_is_written_all_the_same(make, tmp_path):
    directory = make()
    (tmp_path / "log").rename(tmp_path / "other")
    directory.put(lines(FILE))
    directory.put(lines(LINE))
    directory.finish()
    assert logdirs.logged(tmp_path / "other") == FILE + LINE
    assert not (tmp_path / "log").exists()


def test_a_directory_that_is_gone_can_be_stopped_with_a_count(make, orders, tmp_path, capfd):
    directory = make()
    for path in (tmp_path / "log").iterdir():
        path.unlink()
    (tmp_path / "log").rmdir()
    orders.stop = True
    directory.put(lines(FILE))
    directory.put(lines(b"last\n"))
    directory.finish()
    assert capfd.readouterr().err == (
        "multilog: warning: log/current is gone, beginning another\n"
        "multilog: warning: unable to create log/current, pausing: file does not exist\n"
        "multilog: warning: stopped with 5 bytes not written to log/current\n"
    )


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EAGAIN, errno.EFBIG])
def test_a_disk_that_is_full_at_any_byte_costs_none(make, monkeypatch, tmp_path, number):
    """Each write takes a part only, and then there is trouble once, at every byte of a line."""
    directory = make()
    real, calls = os.write, [0]

    def almost_full(descriptor: int, text: bytes) -> int:
        if descriptor != directory.current:
            return real(descriptor, text)
        calls[0] += 1
        if calls[0] % 2:
            raise OSError(number, "made up")
        return real(descriptor, text[: calls[0] // 2])

    directory.orders.length = 0.0
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", almost_full)
        for _ in range(100):
            directory.put(lines(LINE))
        directory.finish()
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
