from __future__ import annotations

import os

import pytest

from supervise.formats import status, tai64
from supervise.formats.status import Status

LATER = tai64.Tai64n(tai64.EPOCH + 2**33, 500)  # whose age is 0


@pytest.fixture
def publish(tmp_path):
    """A service directory that says what it is given."""
    (tmp_path / "sv/supervise").mkdir(parents=True)
    (tmp_path / "sv/supervise/ok").touch()
    return (tmp_path / "sv/supervise/status").write_bytes


def test_no_arguments(run):
    assert run("svstat") == (0, b"", b"")


def test_a_line_for_each(run, tmp_path, publish):
    publish(status.pack(Status(LATER, 4242, True, b"d")))
    (tmp_path / "never").mkdir()
    (tmp_path / "left/supervise").mkdir(parents=True)
    os.mkfifo(tmp_path / "left/supervise/ok")
    done = run("svstat", "sv", "missing", "never", "left", "sv/", cwd=tmp_path)
    assert done == (
        0,
        b"sv: up (pid 4242) 0 seconds, paused, want down\n"
        b"missing: unable to chdir: file does not exist\n"
        b"never: unable to open supervise/ok: file does not exist\n"
        b"left: supervise not running\n"
        b"sv/: up (pid 4242) 0 seconds, paused, want down\n",
        b"",
    )


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (b"", "unable to read supervise/status: bad format"),
        (b"\0" * 17, "unable to read supervise/status: bad format"),
        (status.pack(Status(LATER, None, False, b"u")), "down 0 seconds, normally up, want up"),
        (status.pack(Status(LATER, 7, False, b"u")) + b"\1\1", "up (pid 7) 0 seconds"),
    ],
)
def test_records(run, tmp_path, publish, record, line):
    publish(record)
    assert run("svstat", "sv", cwd=tmp_path) == (0, f"sv: {line}\n".encode(), b"")


def test_a_status_that_cannot_be_read(run, tmp_path, publish):
    done = run("svstat", "sv", cwd=tmp_path)
    missing = b"sv: unable to open supervise/status: file does not exist\n"
    assert done == (0, missing, b"")
    (tmp_path / "sv/supervise/status").mkdir()
    done = run("svstat", "sv", cwd=tmp_path)
    assert done == (0, b"sv: unable to read supervise/status: is a directory\n", b"")


def test_a_name_that_is_no_text(run, tmp_path):
    done = run("svstat", os.fsdecode(b"caf\xe9"), cwd=tmp_path)
    assert done.stdout == b"caf\xe9: unable to chdir: file does not exist\n"


def test_names_that_lead_away_from_where_they_are_looked_up(run, tmp_path, publish):
    publish(b"")
    (tmp_path / "elsewhere").symlink_to("/")
    done = run("svstat", "elsewhere", "sv", cwd=tmp_path)
    assert [line.partition(b":")[0] for line in done.stdout.splitlines()] == [b"elsewhere", b"sv"]
    assert b"bad format" in done.stdout
