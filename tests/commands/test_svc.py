from __future__ import annotations

import os

import pytest

USAGE = (
    b"svc options: u up, d down, o once, x exit, p pause, c continue, "
    b"h hup, a alarm, i interrupt, t term, k kill\n"
)


@pytest.fixture
def control(tmp_path):
    """The reading end of the control FIFO of sv."""
    (tmp_path / "sv/supervise").mkdir(parents=True)
    os.mkfifo(tmp_path / "sv/supervise/control")
    descriptor = os.open(tmp_path / "sv/supervise/control", os.O_RDWR | os.O_NONBLOCK)
    yield descriptor
    os.close(descriptor)


@pytest.mark.parametrize("option", ["-z", "-dz", "-1"])
def test_a_bad_option(run, option):
    wrong = f"svc: illegal option -- {option[-1]}\n".encode()
    assert run("svc", option, "sv") == (100, b"", wrong + USAGE)


def test_nothing_to_do(run):
    assert run("svc") == (0, b"", b"")
    assert run("svc", "-u") == (0, b"", b"")


@pytest.mark.parametrize(
    ("argv", "letters"),
    [
        (["-u"], b"u"),
        (["-dudx"], b"dux"),
        (["-d", "-x", "-d"], b"dx"),
        (["-udopchaitkx"], b"udopchaitkx"),
        (["-u", "--anything"], b"u"),
    ],
)
def test_each_letter_once_in_order(run, tmp_path, control, argv, letters):
    assert run("svc", *argv, "sv", cwd=tmp_path) == (0, b"", b"")
    assert os.read(control, 100) == letters


def test_no_letters_open_but_write_nothing(run, tmp_path, control):
    assert run("svc", "sv", cwd=tmp_path) == (0, b"", b"")
    with pytest.raises(BlockingIOError):
        os.read(control, 100)


def test_one_that_fails_does_not_keep_the_next_one_waiting(run, tmp_path, control):
    (tmp_path / "never").mkdir()
    (tmp_path / "left/supervise").mkdir(parents=True)
    os.mkfifo(tmp_path / "left/supervise/control")
    done = run("svc", "-t", "missing", "never", "left", "sv", "./sv", cwd=tmp_path)
    assert done == (
        0,
        b"",
        b"svc: warning: unable to chdir to missing: file does not exist\n"
        b"svc: warning: unable to control never: file does not exist\n"
        b"svc: warning: unable to control left: supervise not running\n",
    )
    assert os.read(control, 100) == b"tt"


def test_a_full_disk_instead_of_a_fifo(run, tmp_path):
    (tmp_path / "sv/supervise").mkdir(parents=True)
    (tmp_path / "sv/supervise/control").symlink_to("/dev/full")
    warning = b"svc: warning: error writing commands to sv: out of disk space\n"
    assert run("svc", "-u", "sv", cwd=tmp_path) == (0, b"", warning)
